"""A mail server for the tests: it prints what it is handed, one line of JSON for each mail.

    smtp.py PORT MODE [auth] [tls|starttls FOLDER]

MODE says what becomes of a mail: `take` it, answer that it may come `later`, refuse its recipient (`nobody`)
or its content (`spam`), or `hang` before an answer. With `auth` a user has to be ada with the password of
the variable TEST_SMTP_PASSWORD. With TLS a certificate for localhost is written to FOLDER/ca.pem.
"""

import asyncio
import datetime
import json
import os
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port, mode, *rest = sys.argv[1:]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if mode == "nobody":
            return f"550 5.1.1 <{address}>: nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        content = envelope.content.decode()
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "content": content,
                "tls": server.transport.get_extra_info("ssl_object") is not None, "user": bool(session.authenticated)}
        print(json.dumps(mail), flush=True)
        if mode == "later":
            return "451 4.3.0 Come back later"
        if mode == "spam":
            words = " ".join(content.split("\r\n\r\n", 1)[1].split())
            return f"554 5.7.1 We do not like: {words[:120]}"
        if mode == "hang":
            await asyncio.sleep(3600)
        return "250 2.0.0 Ok"


def authenticate(server, session, envelope, mechanism, data):
    password = os.environ["TEST_SMTP_PASSWORD"].encode()
    is_ada = data.login == b"ada" and data.password == password
    # What is not handled is answered with 535.
    return AuthResult(success=is_ada, handled=False)


def context(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = pathlib.Path(folder)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


async def main():
    options, implicit = {}, None
    if "auth" in rest:
        options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    if "starttls" in rest:
        options |= {"tls_context": context(rest[-1]), "require_starttls": True}
    if "tls" in rest:
        implicit = context(rest[-1])
    loop = asyncio.get_running_loop()
    protocol = lambda: SMTP(Handler(), hostname="localhost", loop=loop, **options)
    server = await loop.create_server(protocol, "127.0.0.1", int(port), ssl=implicit)
    print(f"PORT {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())
