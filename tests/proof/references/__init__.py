"""Networks written by hand from their papers, or in the form of the implementations that everybody loads.

They know nothing of netspec: their module names are torchvision's, Hugging Face's or the paper's, and the
name maps in cases.py lead from one to the other.
"""
