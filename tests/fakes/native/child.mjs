// Runs one scenario on the real addon in a process of its own, whose loader finds the fake libraries first:
// node child.mjs ADDON SCENARIOS_FILE NAME JSON_ARGUMENTS. Prints one line of JSON: { value } or { error: { code, message } }.

import { createRequire } from 'node:module';

const [addonFile, scenariosFile, name, json] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(addonFile);
const scenarios = await import(scenariosFile);
try {
  const value = await scenarios[name](addon, JSON.parse(json));
  console.log(JSON.stringify({ value: value ?? null }));
} catch (error) {
  console.log(JSON.stringify({ error: { code: error.code ?? null, message: error.message } }));
}
