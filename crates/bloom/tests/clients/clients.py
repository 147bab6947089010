"""OAuth and MCP clients from PyPI against a running Bloom, as an app's developer uses them.

Prints a line for each: PASS and its name, or FAIL, its name and why. TEST_ORIGIN, TEST_EMAIL and
TEST_PASSWORD say where Bloom is and who presses Allow, TEST_BRAND for which brand images are made.
"""

import asyncio
import json
import os
import re
import traceback
from urllib.parse import parse_qs, urljoin, urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

ORIGIN, EMAIL, PASSWORD = (os.environ[name] for name in ("TEST_ORIGIN", "TEST_EMAIL", "TEST_PASSWORD"))
BRAND = os.environ["TEST_BRAND"]
ISSUER = f"{ORIGIN}/api/auth"
REDIRECT = "http://127.0.0.1:9/callback"


def allow(url):
    """A person at a browser: signs in, presses Allow, and is sent back to the app."""
    browser = requests.Session()

    def go(place, fields=None):
        method = "POST" if fields else "GET"
        answer = browser.request(method, urljoin(ORIGIN, place), data=fields, allow_redirects=False)
        return answer.headers.get("location"), answer.text

    def hidden(page):
        return dict(re.findall(r'name="(form_token|next|request)" value="([^"]*)"', page))

    place, _ = go(url)
    _, page = go(place)
    place, _ = go("/sign-in", hidden(page) | {"email": EMAIL, "password": PASSWORD})
    _, page = go(place)
    place, _ = go("/authorize", hidden(page) | {"decision": "allow"})
    return place


def account(token):
    answer = requests.get(f"{ORIGIN}/api/v1/account", headers={"authorization": f"Bearer {token}"})
    return answer.json()["data"]["email"] if answer.ok else answer.status_code


def makes_an_image(token, name):
    """An app makes an image, and reads it; asked for twice under one name it is made once."""
    headers = {"authorization": f"Bearer {token}", "idempotency-key": name}
    order = {"prompt": f'"Made by {name}"', "brandSessionId": BRAND, "aspectRatio": "21:9"}

    def ask():
        answer = requests.post(f"{ORIGIN}/api/v1/images/generations", headers=headers, json=order)
        assert answer.status_code == 202, answer.text
        return answer.json()["data"]["ids"][0]

    image = ask()
    assert ask() == image
    answer = requests.get(f"{ORIGIN}/api/v1/images/{image}?wait=true", headers=headers)
    is_there(answer.json()["data"])


def is_there(image):
    assert image["status"] == "completed", image
    file = requests.get(urljoin(ORIGIN, urlsplit(image["imageUrl"]).path))
    assert (file.status_code, file.headers["content-type"]) == (200, "image/png")
    assert len(file.content) > 500


class OpenIDApp(OpenIDMixin):
    """Authlib's verification of id tokens, as its integrations with web frameworks put it to use."""

    def __init__(self, client_id, server):
        self.client_id = client_id
        self.server_metadata = server | {"jwks": requests.get(server["jwks_uri"]).json()}

    def load_server_metadata(self):
        return self.server_metadata


def authlib():
    server = requests.get(f"{ISSUER}/.well-known/openid-configuration").json()
    metadata = {"client_name": "Authlib", "redirect_uris": [REDIRECT]}
    client = requests.post(server["registration_endpoint"], json=metadata).json()
    session = OAuth2Session(
        client["client_id"],
        redirect_uri=REDIRECT,
        scope="openid email read generate",
        token_endpoint_auth_method="none",
        revocation_endpoint_auth_method="none",
        code_challenge_method="S256",
    )
    verifier, nonce = generate_token(48), generate_token()
    url, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    back = allow(url)
    token = session.fetch_token(
        server["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    assert OpenIDApp(client["client_id"], server).parse_id_token(token, nonce)["email"] == EMAIL
    assert account(token["access_token"]) == EMAIL
    makes_an_image(token["access_token"], "authlib")
    next_token = session.refresh_token(server["token_endpoint"], token["refresh_token"])
    assert account(next_token["access_token"]) == EMAIL
    answer = session.revoke_token(server["revocation_endpoint"], next_token["refresh_token"])
    assert answer.status_code == 200, answer.text
    assert account(next_token["access_token"]) == 401


class Kept:
    """Where the MCP SDK keeps what it has."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def mcp_sdk():
    back = {}

    async def go(url):
        place = await asyncio.to_thread(allow, url)
        back.update({name: values[0] for name, values in parse_qs(urlsplit(place).query).items()})

    async def answer():
        return AuthorizationCodeResult(code=back["code"], state=back["state"], iss=back["iss"])

    async def run():
        kept = Kept()
        metadata = OAuthClientMetadata(
            client_name="mcp", redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
        )
        provider = OAuthClientProvider(f"{ORIGIN}/api/mcp", metadata, kept, go, answer)
        http = create_mcp_http_client(auth=provider)
        async with http, streamable_http_client(f"{ORIGIN}/api/mcp", http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as client:
                await client.initialize()
                names = [tool.name for tool in (await client.list_tools()).tools]
                assert names[:2] == ["bloom_check_credits", "bloom_whoami"], names
                whoami = await client.call_tool("bloom_whoami", {})
                assert EMAIL in whoami.content[0].text, whoami
                order = {
                    "prompt": '"Made by an agent"',
                    "brandSessionId": BRAND,
                    "aspectRatio": "21:9",
                    "idempotencyKey": "python",
                }
                asked = await client.call_tool("bloom_generate_image", order)
                again = await client.call_tool("bloom_generate_image", order)
                named = [json.loads(one.content[0].text)["ids"] for one in (asked, again)]
                assert named[0] == named[1], named
                found = await client.call_tool("bloom_get_image", {"imageId": named[0][0]})
                image = json.loads(found.content[0].text)
                await asyncio.to_thread(is_there, image)
                links = [str(part.uri) for part in found.content if part.type == "resource_link"]
                assert links == [image["imageUrl"]], found
                first = kept.tokens.access_token
                # As if the access token's hour were over: the next request refreshes.
                provider.context.token_expiry_time = 1
                await client.call_tool("bloom_check_credits", {})
                assert kept.tokens.access_token != first
        assert account(kept.tokens.access_token) == EMAIL

    asyncio.run(run())


for name, client in {"Authlib": authlib, "MCP SDK for Python": mcp_sdk}.items():
    try:
        client()
        print(f"PASS {name}")
    except BaseException as error:
        reason = "".join(traceback.format_exception(error)).replace("\n", " | ")
        print(f"FAIL {name}: {reason}")
