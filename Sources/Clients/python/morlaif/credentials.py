"""Who a program is and whom it trusts: mutual TLS 1.3 (W1 to W3)."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from morlaif.wire.limits import APPLICATION_PROTOCOL


@dataclass(frozen=True, slots=True)
class Credentials:
    """Files of one identity, in PEM. The key never leaves the file and is never logged."""

    authority: str
    """Certificates that sign the peers'."""
    certificate: str
    """This program's certificate, with its chain."""
    key: str
    """The certificate's private key."""

    @classmethod
    def folder(
        cls, directory: str | os.PathLike[str] | None = None, name: str = "client"
    ) -> Credentials:
        """The files `ca.pem`, `NAME.pem` and `NAME.key` of a folder that `morlaif certificates` made.

        Args:
            directory: the folder; None takes the environment's `MORLAIF_CERTIFICATES`.
            name: the holder, such as "client" or "scalarizer".
        """
        if directory is None:
            directory = os.environ.get("MORLAIF_CERTIFICATES")
            if not directory:
                raise ValueError("name a folder of certificates or set MORLAIF_CERTIFICATES")
        folder = Path(directory)
        return cls(*(str(folder / item) for item in ("ca.pem", f"{name}.pem", f"{name}.key")))

    def client_context(self) -> ssl.SSLContext:
        """What a client connects with: chain and name of the server are verified (W3)."""
        return self._filled(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def server_context(self) -> ssl.SSLContext:
        """What a server accepts with: the client must show a certificate of the authority (W3)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        # No session outlives its connection, so nothing is kept for peers that have left.
        context.num_tickets = 0
        return self._filled(context)

    def _filled(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_3  # W1
        context.set_alpn_protocols([APPLICATION_PROTOCOL])  # W2
        for load, files in (
            (context.load_verify_locations, (self.authority,)),
            (context.load_cert_chain, (self.certificate, self.key)),
        ):
            try:
                load(*files)
            except (OSError, ssl.SSLError) as error:
                raise ValueError(f"{' and '.join(files)}: {error}") from None
        return context


def split_address(text: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT" or "[IPV6]:PORT"."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"'{text}' is not HOST:PORT")
    return host, int(port)
