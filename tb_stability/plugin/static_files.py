"""The files of the tab, which the build of `frontend/` writes to `static/`."""

from __future__ import annotations

from pathlib import Path

STATIC_DIRECTORY = Path(__file__).resolve().parent / "static"

ENTRY_POINT = "index.js"
"""The ES module that TensorBoard loads into the tab."""

_CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}

_NOT_BUILT = b"""\
export async function render() {
  document.body.textContent =
    'The Stability tab was not built. In a checkout run: python setup.py build_frontend';
}
"""
"""Stands in for the tab, so that a checkout without it shows a sentence and no blank page."""


def read_static_file(name: str, directory: Path = STATIC_DIRECTORY) -> tuple[bytes, str] | None:
    """Reads a file of the tab.

    Args:
      name: Its path below `directory`, as it stands in the request; with "/".
      directory: Where the files are.

    Returns:
      Its bytes and its content type; None where there is no such file, its type is not one of ours, or the
      path leads out of `directory`.
    """
    root = directory.resolve()
    try:
        path = (root / name).resolve()  # follows links and ".."
        if path.is_relative_to(root) and path.suffix in _CONTENT_TYPES and path.is_file():
            return path.read_bytes(), _CONTENT_TYPES[path.suffix]
    except (OSError, ValueError):  # a name that is too long, or has a null byte
        return None
    return (_NOT_BUILT, _CONTENT_TYPES[".js"]) if name == ENTRY_POINT else None
