"""What the operating system refuses -> words that read well in both languages."""

from __future__ import annotations

import errno

from netspec.diagnostics.model import Phrase, Word

_REASONS = {
    errno.ENOENT: Phrase("reason gone"),
    errno.EACCES: Phrase("reason forbidden"),
    errno.EPERM: Phrase("reason forbidden"),
    errno.EISDIR: Phrase("reason folder"),
    errno.ENOTDIR: Phrase("reason no folder"),
    errno.ENOSPC: Phrase("reason full"),
    errno.EDQUOT: Phrase("reason full"),
    errno.EROFS: Phrase("reason readonly"),
    errno.ENAMETOOLONG: Phrase("reason long"),
    errno.ELOOP: Phrase("reason loop"),
    errno.EMFILE: Phrase("reason files"),
    errno.EIO: Phrase("reason device"),
}


def reason(error: OSError) -> Word:
    """Why a file could not be opened, read or written; what is not foreseen in the system's own words."""
    known = _REASONS.get(error.errno or 0)
    return known if known is not None else error.strerror or str(error)
