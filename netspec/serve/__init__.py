"""A page of text and figure -> the engine behind it: `netspec serve` over HTTP and a WebSocket.

`app.py` answers the browser, `worker.py` runs the engine in a process of its own, `folder.py` opens and saves specs.
The page itself is built from the folder `page` of the repository into `netspec/serve/page`.
"""
