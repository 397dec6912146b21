"""The casebook's key: what the chain is made with, where it lies, and the text that it seals. It opens no store.

It is held as the other two keys are: a file of mode 0600 under the data home, or the environment. Without it nothing can be
recorded and no record verified; reading goes on.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from pathlib import Path

from misuse.errors import StoreError
from misuse.vault import keys

VARIABLE = "MISUSE_CASEBOOK_KEY"
_NONCE_BYTES = 12


def key_path(casebook: Path) -> Path:
    """Where the key of a casebook lies: keys/casebook.key beside it."""
    return casebook.parent / "keys" / "casebook.key"


def held(casebook: Path, given: str, *, is_used: bool) -> str:
    """The key; made on first use, never when events were recorded with one already.

    Errors: StoreError for a key that is missing, open to others, or none.
    """
    if given:
        return keys.checked(given, f"{VARIABLE} from the environment", "put the casebook key from escrow into it")
    path = key_path(casebook)
    if path.exists():
        return keys.read(path, "the casebook key")
    if is_used:
        raise StoreError(
            f"{casebook.name} has events, but its key is missing from {path}",
            next_step=f"restore the key file from escrow (mode 0600), or set {VARIABLE}; reading goes on without it",
        )
    key = keys.drawn()
    keys.write(path, key)
    return key


def fingerprint(key: str) -> str:
    """What tells one key from another and says nothing of either."""
    return mac(key, "misuse casebook key")


def mac(key: str, text: str) -> str:
    """HMAC-SHA256 of a text, as hexadecimal digits."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def salted(salt: str, text: str) -> str:
    """SHA-256 of a text with its salt: without the salt nobody can confirm a guess of the text."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def drawn_salt() -> str:
    """A salt that nobody can guess."""
    return keys.drawn()


def seal(key: str, text: str, bound_to: str) -> bytes:
    """The text compressed and encrypted (AES-256-GCM), openable only as what it is bound to."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = bytes.fromhex(keys.drawn())[:_NONCE_BYTES]
    return nonce + AESGCM(_sealing_key(key)).encrypt(nonce, zlib.compress(text.encode(), 9), bound_to.encode())


def unseal(key: str, sealed: bytes, bound_to: str) -> str:
    """What `seal` sealed. Errors: StoreError where it was changed, is another's, or the key is another."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        plain = AESGCM(_sealing_key(key)).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())
    except InvalidTag:
        raise StoreError("what was sealed was changed, or with another key", next_step="misuse audit verify") from None
    return zlib.decompress(plain).decode()


def _sealing_key(key: str) -> bytes:
    return hmac.new(key.encode(), b"misuse casebook extracts", hashlib.sha256).digest()
