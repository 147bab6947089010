// OAuth and MCP clients from npm against a running Bloom, as an app's developer uses them. Prints a line
// for each: PASS and its name, or FAIL, its name and why.
//
// TEST_ORIGIN, TEST_EMAIL and TEST_PASSWORD say where Bloom is and who presses Allow, TEST_BRAND for which brand
// images are made.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { auth } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { allow } from './person.mjs'

const appauth = createRequire(import.meta.url)('@openid/appauth')
const { TEST_ORIGIN: origin, TEST_EMAIL: email, TEST_BRAND: brand } = process.env
const issuer = new URL(`${origin}/api/auth`)
const redirect = 'http://127.0.0.1:9/callback'
const scope = 'openid email read generate'

async function account(token) {
  const answer = await fetch(`${origin}/api/v1/account`, { headers: { authorization: `Bearer ${token}` } })
  return answer.status === 200 ? (await answer.json()).data.email : answer.status
}

/** An app makes an image, and reads it; asked for twice under one name it is made once. */
async function makesAnImage(token, name) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': name }
  const body = JSON.stringify({ prompt: `"Made by ${name}"`, brandSessionId: brand, aspectRatio: '21:9' })
  const ask = async () => {
    const answer = await fetch(`${origin}/api/v1/images/generations`, { method: 'POST', headers, body })
    assert.equal(answer.status, 202)
    return (await answer.json()).data.ids[0]
  }
  const id = await ask()
  assert.equal(await ask(), id)
  const answer = await fetch(`${origin}/api/v1/images/${id}?wait=true`, { headers })
  await isThere((await answer.json()).data)
}

async function isThere(image) {
  assert.equal(image.status, 'completed')
  const file = await fetch(new URL(new URL(image.imageUrl).pathname, origin))
  assert.deepEqual([file.status, file.headers.get('content-type')], [200, 'image/png'])
  assert.ok((await file.arrayBuffer()).byteLength > 500)
}

async function register(name) {
  const answer = await fetch(`${issuer}/oauth2/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: name, redirect_uris: [redirect] }),
  })
  return (await answer.json()).client_id
}

async function openidClient() {
  const insecure = { execute: [openid.allowInsecureRequests] }
  const metadata = { redirect_uris: [redirect], token_endpoint_auth_method: 'none' }
  const config = await openid.dynamicClientRegistration(issuer, metadata, openid.None(), insecure)
  const pkceCodeVerifier = openid.randomPKCECodeVerifier()
  const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()]
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  })
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
  const tokens = await openid.authorizationCodeGrant(config, await allow(url), checks)
  assert.equal(tokens.claims().email, email)
  assert.equal(await account(tokens.access_token), email)
  await makesAnImage(tokens.access_token, 'openid-client')
  const next = await openid.refreshTokenGrant(config, tokens.refresh_token)
  assert.equal(await account(next.access_token), email)
  await openid.tokenRevocation(config, next.refresh_token)
  assert.equal(await account(next.access_token), 401)
}

async function oauth4webapi() {
  const insecure = { [oauth.allowInsecureRequests]: true }
  const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  const server = await oauth.processDiscoveryResponse(issuer, discovered)
  const metadata = { redirect_uris: [redirect], token_endpoint_auth_method: 'none' }
  const registered = await oauth.dynamicClientRegistrationRequest(server, metadata, insecure)
  const client = await oauth.processDynamicClientRegistrationResponse(registered)
  const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()]
  const url = new URL(server.authorization_endpoint)
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirect,
    response_type: 'code',
    scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  const parameters = oauth.validateAuthResponse(server, client, await allow(url), state)
  const code = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, redirect, verifier, insecure)
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, code, { expectedNonce: nonce, requireIdToken: true })
  // Verifies the signature with the published keys, too.
  await oauth.validateApplicationLevelSignature(server, code, insecure)
  assert.equal(await account(tokens.access_token), email)
  await makesAnImage(tokens.access_token, 'oauth4webapi')
  const refreshed = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token, insecure)
  const next = await oauth.processRefreshTokenResponse(server, client, refreshed)
  assert.equal(await account(next.access_token), email)
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), next.refresh_token, insecure))
  assert.equal(await account(next.access_token), 401)
}

async function appAuth() {
  const requestor = new (class extends appauth.Requestor {
    async xhr(settings) {
      const { url, method, headers, data } = settings
      const answer = await fetch(url, { method, headers, body: method === 'POST' ? data : undefined })
      return answer.json()
    }
  })()
  const server = await appauth.AuthorizationServiceConfiguration.fetchFromIssuer(`${issuer}`, requestor)
  const client_id = await register('AppAuth')
  const request = new appauth.AuthorizationRequest(
    { client_id, redirect_uri: redirect, scope, response_type: 'code' },
    new (await import('@openid/appauth/built/node_support/crypto_utils.js')).NodeCrypto(),
  )
  await request.setupCodeVerifier()
  const url = new URL(server.authorizationEndpoint)
  url.search = new URLSearchParams({ client_id, redirect_uri: redirect, scope, response_type: 'code', state: request.state, ...request.extras })
  const back = (await allow(url)).searchParams
  assert.equal(back.get('state'), request.state)
  const handler = new appauth.BaseTokenRequestHandler(requestor)
  const ask = (fields) => handler.performTokenRequest(server, new appauth.TokenRequest({ client_id, redirect_uri: redirect, ...fields }))
  const extras = { code_verifier: request.internal.code_verifier }
  const tokens = await ask({ grant_type: appauth.GRANT_TYPE_AUTHORIZATION_CODE, code: back.get('code'), extras })
  assert.equal(await account(tokens.accessToken), email)
  await makesAnImage(tokens.accessToken, 'AppAuth')
  const next = await ask({ grant_type: appauth.GRANT_TYPE_REFRESH_TOKEN, refresh_token: tokens.refreshToken })
  assert.equal(await account(next.accessToken), email)
  await handler.performRevokeTokenRequest(server, new appauth.RevokeTokenRequest({ client_id, token: next.refreshToken }))
  assert.equal(await account(next.accessToken), 401)
}

async function mcpSdk() {
  const url = new URL(`${origin}/api/mcp`)
  const kept = {}
  const provider = {
    redirectUrl: redirect,
    clientMetadata: { client_name: 'mcp', redirect_uris: [redirect] },
    clientInformation: () => kept.client,
    saveClientInformation: (client) => (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => (kept.tokens = tokens),
    redirectToAuthorization: (to) => (kept.url = to),
    saveCodeVerifier: (verifier) => (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
  }
  const transport = () => new StreamableHTTPClientTransport(url, { authProvider: provider })
  const first = new Client({ name: 'test', version: '1' })
  const refused = transport()
  await assert.rejects(first.connect(refused))
  await refused.finishAuth((await allow(kept.url)).searchParams.get('code'))
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport())
  const names = (await client.listTools()).tools.map((tool) => tool.name)
  assert.deepEqual(names.slice(0, 2), ['bloom_check_credits', 'bloom_whoami'])
  const whoami = await client.callTool({ name: 'bloom_whoami', arguments: {} })
  assert.equal(whoami.structuredContent.email, email)
  await client.callTool({ name: 'bloom_check_credits', arguments: {} })
  const order = { prompt: '"Made by an agent"', brandSessionId: brand, aspectRatio: '21:9', idempotencyKey: 'typescript' }
  const ask = async () => (await client.callTool({ name: 'bloom_generate_image', arguments: order })).structuredContent.ids[0]
  const imageId = await ask()
  assert.equal(await ask(), imageId)
  const found = await client.callTool({ name: 'bloom_get_image', arguments: { imageId } })
  await isThere(found.structuredContent)
  const links = found.content.filter((part) => part.type === 'resource_link').map((link) => link.uri)
  assert.deepEqual(links, [found.structuredContent.imageUrl])
  await client.close()
  const before = kept.tokens.access_token
  assert.equal(await auth(provider, { serverUrl: url }), 'AUTHORIZED', 'it refreshes')
  assert.notEqual(kept.tokens.access_token, before, 'the token is another')
  assert.equal(await account(kept.tokens.access_token), email)
}

for (const [name, run] of Object.entries({
  'openid-client': openidClient,
  oauth4webapi,
  AppAuth: appAuth,
  'MCP SDK for TypeScript': mcpSdk,
})) {
  try {
    await run()
    console.log(`PASS ${name}`)
  } catch (error) {
    const reason = `${error.stack} ${error.cause ? JSON.stringify(error.cause) : ''}`
    console.log(`FAIL ${name}: ${reason.replaceAll('\n', ' | ')}`)
  }
}
