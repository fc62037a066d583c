"""TLS for SMPP: TLS 1.2 and later on a port of its own (interfaces.md "SMPP")."""

from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.python.failure import Failure

from gateway.tls_files import TlsFileError, TlsFiles


def context_of(files: TlsFiles) -> CertificateOptions:
    """What the listener needs.

    With ``client_ca`` a client's certificate is asked for and must be signed by that authority; a client
    without one is taken all the same, for it is the account that may require it (gateway.admission).
    Raises TlsFileError where OpenSSL does not want the certificate, for a key that is too short, say.
    """
    # Twisted hands these on to pyOpenSSL, which has come to prefer cryptography's own objects over its
    # wrappers (but for authorities); Twisted's annotations name the wrappers still.
    chain: Any = files.chain
    key: Any = files.private_key
    authorities = [crypto.X509.from_cryptography(each) for each in files.client_ca]
    options = CertificateOptions(
        privateKey=key,
        certificate=chain[0],
        extraCertChain=list(chain[1:]),
        verify=bool(authorities),
        caCerts=authorities or None,
        requireCertificate=False,
        raiseMinimumTo=TLSVersion.TLSv1_2,
    )
    try:
        # Else it would be made, and fail, with the first connection.
        options.getContext()
    except SSL.Error as error:
        raise TlsFileError(f"tls.certificate cannot be used: {_reason(error)}") from None
    return options


def _reason(error: SSL.Error) -> str:
    """PyOpenSSL's errors are lists of (library, function, reason)."""
    try:
        return "; ".join(str(each[-1]) for each in error.args[0])
    except (IndexError, TypeError):
        return type(error).__name__


def fingerprint_of(transport: Any) -> tuple[bool, str]:
    """Is the connection on TLS, and the SHA-256 fingerprint of the client's certificate (hex, or empty)."""
    # Twisted's transports are zope interfaces; only those of TLS know the peer's certificate.
    ask = getattr(transport, "getPeerCertificate", None)
    if ask is None:
        return False, ""
    certificate = ask()
    if certificate is None:
        return True, ""
    return True, certificate.digest("sha256").decode("ascii").replace(":", "").lower()


def tls_failure_of(reason: Failure) -> str:
    """Why TLS could not be agreed on (versions, certificates, no TLS), in OpenSSL's words; else empty."""
    return _reason(reason.value) if isinstance(reason.value, SSL.Error) else ""
