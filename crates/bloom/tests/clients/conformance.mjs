// The scenarios for authorization servers of the MCP conformance suite against a running Bloom. Prints a
// line for each: PASS and its name, or FAIL, its name and why.
//
// TEST_ORIGIN, TEST_EMAIL and TEST_PASSWORD say where Bloom is and who presses Allow.

import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { allow } from './person.mjs'

const origin = process.env.TEST_ORIGIN
const issuer = `${origin}/api/auth`
const suite = 'node_modules/@modelcontextprotocol/conformance/dist/index.js'

/** A port for the app, free a moment ago. */
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

const registered = await fetch(`${issuer}/oauth2/register`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ client_name: 'conformance', redirect_uris: [`http://127.0.0.1:${port}/callback`] }),
})
const { client_id: id } = await registered.json()

/** Runs all scenarios, since the second goes on with what the first found; opens the address that is printed. */
function run() {
  const words = ['--import', './node20.mjs', suite, 'authorization', '--url', issuer]
  const app = ['--client-id', id, '--port', port, '--resource', `${origin}/api/mcp`]
  const child = spawn(process.execPath, [...words, ...app])
  let said = ''
  let isAsked = false
  const hear = async (text) => {
    said += text
    const url = said.match(/http\S+oauth2\/authorize\?\S+(?=\s)/)
    if (url && !isAsked) {
      isAsked = true
      await fetch(await allow(url[0])).catch((error) => (said += error))
    }
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })))
}

const { code, said } = await run()
for (const scenario of ['authorization-server-metadata-endpoint', 'authorization-code-grant']) {
  const tally = said.match(new RegExp(`${scenario}: (\\d+) passed, (\\d+) failed`))
  // One that was skipped has passed nothing.
  const passed = code === 0 && Number(tally?.[1]) > 0 && tally[2] === '0'
  console.log(passed ? `PASS ${scenario}` : `FAIL ${scenario}: ${said}`)
}
