// Reads a transparent statement with a foreign COSE implementation: {public, statement, root} in base64 on stdin.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';

const require = createRequire(process.argv[2] + '/');
const { Sign1 } = require('@auth0/cose');
const given = JSON.parse(readFileSync(0, 'utf8'));
const bytes = (text) => Buffer.from(text, 'base64');
const key = await webcrypto.subtle.importKey('raw', bytes(given.public), 'Ed25519', true, ['verify']);
try {
  const statement = Sign1.decode(bytes(given.statement));
  await statement.verify(key);
  const receipt = Sign1.decode(statement.unprotectedHeaders.get(394)[0]);
  await receipt.verify(key, { detachedPayload: bytes(given.root) });
  const [proof] = receipt.unprotectedHeaders.get(396).get(-1);
  const text = (value) => Buffer.from(value).toString('base64');
  const out = { payload: text(statement.payload), proof: text(proof), structure: receipt.protectedHeaders.get(395) };
  console.log(JSON.stringify(out));
} catch (error) {
  console.log(JSON.stringify({ refused: String(error.message) }));
}
