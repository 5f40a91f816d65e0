// arctic's TikTok provider. The hosts are built in, so fetch is told where to go.

import { createHash } from "node:crypto";
import { TikTok, generateCodeVerifier, generateState } from "arctic";
import { atSandbox } from "./hosts.mjs";
import { answer } from "./program.mjs";

const { TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET, TIKTOK_REDIRECT_URI } = process.env;
const tiktok = new TikTok(TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET, TIKTOK_REDIRECT_URI);
const state = generateState();
const codeVerifier = generateCodeVerifier();
let tokens;

answer({
  authorize({ scopes, hexChallenge }) {
    const url = tiktok.createAuthorizationURL(state, codeVerifier, scopes);
    if (hexChallenge) {
      const digest = createHash("sha256").update(codeVerifier).digest("hex");
      url.searchParams.set("code_challenge", digest);
    }
    return atSandbox(url);
  },
  async exchange({ callback }) {
    const query = new URL(callback).searchParams;
    if (query.get("state") !== state) throw new Error("another browser's state");
    tokens = await tiktok.validateAuthorizationCode(query.get("code"), codeVerifier);
    return tokens.data;
  },
  accessToken: () => tokens.accessToken(),
  scopes: () => tokens.scopes(),
  async userInfo() {
    const response = await fetch("https://open.tiktokapis.com/v2/user/info/?fields=display_name", {
      headers: { Authorization: `Bearer ${tokens.accessToken()}` },
    });
    return response.json();
  },
  async refresh() {
    tokens = await tiktok.refreshAccessToken(tokens.refreshToken());
    return tokens.data;
  },
  revoke: () => tiktok.revokeToken(tokens.accessToken()),
});
