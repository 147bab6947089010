// The conformance suite wants `globSync`, which Node has from 22 on, for a command that is not used here.

import * as fs from 'node:fs'
import { register } from 'node:module'

const module = (text) => `data:text/javascript,${encodeURIComponent(text)}`
const withGlob = module("export * from 'node:fs'; export const globSync = () => []")
const hook = `export const resolve = (name, context, next) =>
  name === 'fs' ? { url: ${JSON.stringify(withGlob)}, shortCircuit: true } : next(name, context)`
if (!('globSync' in fs)) register(module(hook))
