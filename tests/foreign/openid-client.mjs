// openid-client, which knows no TikTok: addresses are metadata, client_key is one more parameter.

import { createHash } from "node:crypto";
import * as client from "openid-client";
import { answer } from "./program.mjs";

const { TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET, TIKTOK_BASE_URL, TIKTOK_REDIRECT_URI } =
  process.env;
const server = {
  issuer: TIKTOK_BASE_URL,
  authorization_endpoint: `${TIKTOK_BASE_URL}/v2/auth/authorize/`,
  token_endpoint: `${TIKTOK_BASE_URL}/v2/oauth/token/`,
  revocation_endpoint: `${TIKTOK_BASE_URL}/v2/oauth/revoke/`,
  userinfo_endpoint: `${TIKTOK_BASE_URL}/v2/user/info/?fields=open_id,display_name`,
};
const config = new client.Configuration(server, TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET);
client.allowInsecureRequests(config); // The sandbox speaks http.

const app = { client_key: TIKTOK_CLIENT_KEY };
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
let tokens;

answer({
  async authorize({ parameters, hexChallenge }) {
    const rfc7636 = await client.calculatePKCECodeChallenge(pkceCodeVerifier);
    const digest = createHash("sha256").update(pkceCodeVerifier).digest("hex");
    return client.buildAuthorizationUrl(config, {
      ...parameters,
      redirect_uri: TIKTOK_REDIRECT_URI,
      state: expectedState,
      code_challenge: hexChallenge ? digest : rfc7636,
      code_challenge_method: "S256",
    });
  },
  async exchange({ callback }) {
    const checks = { pkceCodeVerifier, expectedState };
    tokens = await client.authorizationCodeGrant(config, new URL(callback), checks, app);
    return tokens;
  },
  userInfo: () => client.fetchUserInfo(config, tokens.access_token, client.skipSubjectCheck),
  async resource() {
    const url = new URL(server.userinfo_endpoint);
    return (await client.fetchProtectedResource(config, tokens.access_token, url, "GET")).json();
  },
  async refresh() {
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token, app);
    return tokens;
  },
  revoke: () => client.tokenRevocation(config, tokens.access_token, app),
});
