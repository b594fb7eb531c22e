// An executor of docs/permits.md, written from that page alone. Reads vectors on stdin; prints a code for each step.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

// RFC 8785: members by UTF-16 code units, which is how JavaScript compares strings; numbers as ECMAScript writes them
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
  }
  return JSON.stringify(value);
};
const sha256 = (data) => createHash('sha256').update(data).digest();
const digest = (text) => `sha256:${sha256(text).toString('hex')}`;

class Refused extends Error {
  constructor(code) { super(code); this.code = code; }
}

const CLAIMS = ['asn', 'aud', 'exp', 'iat', 'iss', 'jti', 'sub'];
const MEMBERS = ['action', 'attempt', 'chain', 'definition', 'epoch', 'leaf', 'method', 'obligations', 'principal',
  'receipt', 'referents', 'server', 'session', 'tool'];
const isText = (value) => typeof value === 'string' && value !== '';
const isNumber = (value) => Number.isSafeInteger(value) && value >= 0;
const isDigest = (value) => isText(value) && /^sha256:[0-9a-f]{64}$/.test(value);
const isId = (prefix) => (value) => isText(value) && new RegExp(`^${prefix}_[a-z2-7]{25}[aeimquy4]$`).test(value);
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const exactly = (value, names) => isObject(value) && canonical(Object.keys(value).sort()) === canonical([...names].sort());
const orNull = (check) => (value) => value === null || check(value);
const isReferent = (one) => exactly(one, ['digest', 'kind', 'name']) && orNull(isDigest)(one.digest)
  && isText(one.kind) && typeof one.name === 'string';
const FORMS = {
  action: isDigest, attempt: isId('att'), chain: (value) => Array.isArray(value) && value.every(isText),
  definition: orNull(isDigest), epoch: isNumber, leaf: isDigest, method: isText, obligations: isDigest,
  principal: isText, receipt: isNumber, referents: (value) => Array.isArray(value) && value.every(isReferent),
  server: isText, session: isId('ses'), tool: isText,
};

const segment = (text) => {
  const data = Buffer.from(text, 'base64url');
  if (data.length === 0 || data.toString('base64url') !== text) throw new Refused('permit_invalid');
  return data;
};
const object = (data) => {
  const text = data.toString('utf8');
  let value;
  try { value = JSON.parse(text); } catch { throw new Refused('permit_invalid'); }
  // its one spelling: no member twice, no spaces, members in order
  if (!isObject(value) || canonical(value) !== text) throw new Refused('permit_invalid');
  return value;
};

class Executor {
  constructor(audience, jwks) {
    this.audience = audience;
    this.issuer = jwks.issuer;
    this.keys = new Map();
    for (const { kty, crv, x } of jwks.keys) {
      if (kty !== 'OKP' || crv !== 'Ed25519') continue;
      const thumbprint = sha256(canonical({ crv, kty, x })).toString('base64url');
      this.keys.set(thumbprint, createPublicKey({ key: { kty, crv, x }, format: 'jwk' }));
    }
    this.used = new Set();
    this.latest = 0;
  }

  read(token) {
    if (!isText(token)) throw new Refused('permit_missing');
    const parts = token.split('.');
    if (token.length > 65536 || parts.length !== 3) throw new Refused('permit_invalid');
    const [header, claims] = [object(segment(parts[0])), object(segment(parts[1]))];
    const key = this.keys.get(header.kid);
    const fits = exactly(header, ['alg', 'kid', 'typ']) && header.alg === 'EdDSA' && header.typ === 'assent-permit+jwt';
    if (!fits || !key) throw new Refused('permit_invalid');
    if (!verify(null, Buffer.from(`${parts[0]}.${parts[1]}`), key, segment(parts[2]))) throw new Refused('permit_invalid');
    const { act, ...rest } = claims;
    const ours = claims.asn;
    if (!exactly(rest, CLAIMS) || !exactly(ours, MEMBERS)) throw new Refused('permit_invalid');
    if (!MEMBERS.every((name) => FORMS[name](ours[name]))) throw new Refused('permit_invalid');
    if (!isText(claims.sub) || !isText(claims.aud) || !isId('prm')(claims.jti)) throw new Refused('permit_invalid');
    if (!isNumber(claims.iat) || !isNumber(claims.exp)) throw new Refused('permit_invalid');
    if (claims.exp <= claims.iat || claims.exp > claims.iat + 60) throw new Refused('permit_invalid');
    let depth = 0;
    if ('act' in claims) {
      for (let one = act; ; one = one.act) {
        const deeper = isObject(one) && 'act' in one;
        if (!exactly(one, deeper ? ['act', 'sub'] : ['sub']) || !isText(one.sub) || ++depth > 64) throw new Refused('permit_invalid');
        if (!deeper) break;
      }
    }
    if (ours.principal !== (act ? act.sub : claims.sub)) throw new Refused('permit_invalid');
    if (claims.iss !== this.issuer) throw new Refused('permit_invalid');
    return claims;
  }

  accept(token, method, params, now) {
    const { asn, aud, jti, iat, exp } = this.read(token);
    if (aud !== this.audience || asn.server !== this.audience) throw new Refused('permit_elsewhere');
    const tool = method === 'tools/call' ? params.name : method;
    const { _meta, requestState, ...decided } = params;
    const kept = Object.entries(_meta ?? {}).filter(([name]) => name.startsWith('io.modelcontextprotocol/'));
    if (kept.length) decided._meta = Object.fromEntries(kept);
    const action = {
      chain: asn.chain, definition: asn.definition, method, params: decided, principal: asn.principal,
      referents: asn.referents, server: asn.server, session: asn.session, tool,
    };
    if (asn.method !== method || asn.tool !== tool || digest(canonical(action)) !== asn.action) throw new Refused('permit_differs');
    this.consume(jti, iat, exp, now);
  }

  consume(jti, iat, exp, now) { // one process, one thread: atomic as it stands
    const latest = this.latest;
    if (iat > latest && iat <= now + 600) this.latest = iat;
    if (iat > now + 5) throw new Refused('permit_early');
    if (Math.max(now, latest) >= exp) throw new Refused('permit_expired');
    if (this.used.has(jti)) throw new Refused('permit_used');
    this.used.add(jti);
  }
}

const told = JSON.parse(readFileSync(0, 'utf8'));
const executor = new Executor(told.audience, told.jwks);
const codes = told.steps.map(({ token, method, params, now }) => {
  try { executor.accept(token, method, params, now); return ''; } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.code;
  }
});
console.log(JSON.stringify({ codes, digests: told.actions.map((one) => digest(one.canonical)) }));
