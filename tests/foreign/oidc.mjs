// A real OpenID provider (panva/node-oidc-provider): agents get DPoP-bound access tokens, people ID tokens.
import { generateKeyPairSync } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, port, audience] = process.argv.slice(2);
const found = createRequire(`${modules}/`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found).href);
const key = (type, options, more) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), ...more });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "lead-agent",
      client_secret: "not-a-secret-of-anybody",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: "console",
      client_secret: "not-a-secret-of-anybody",
      redirect_uris: ["https://console.example/back"],
      id_token_signed_response_alg: "ES256",
    },
  ],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  jwks: {
    keys: [
      key("ec", { namedCurve: "P-256" }, { kid: "es", alg: "ES256", use: "sig" }),
      key("rsa", { modulusLength: 2048 }, { kid: "rs", alg: "RS256", use: "sig" }),
    ],
  },
  pkce: { required: () => false },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: "act", audience, accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
