// The whole flow in JavaScript, without any library: what TikTok wants, written down once.
//
//     node client.mjs
//
// It follows the redirects by itself, so start the sandbox with --auto-approve. In a real program
// the person's browser goes to the address, and your server gets the callback.

import { createHash, randomBytes } from "node:crypto";

const { env } = process;
const API = env.TIKTOK_BASE_URL ?? "https://open.tiktokapis.com";
const AUTHORIZE = env.TIKTOK_AUTHORIZE_URL ?? "https://www.tiktok.com/v2/auth/authorize/";

class TikTokError extends Error {
  constructor(code, message, logId) {
    super(`${code}: ${message}`);
    Object.assign(this, { code, logId });
  }
}

// OAuth endpoints take forms and answer flat JSON. Errors have status 200: look for `error`.
async function oauth(path, fields) {
  const response = await fetch(API + path, {
    method: "POST",
    body: new URLSearchParams({
      client_key: env.TIKTOK_CLIENT_KEY,
      client_secret: env.TIKTOK_CLIENT_SECRET,
      ...fields,
    }),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : {};
  if (answer.error) throw new TikTokError(answer.error, answer.error_description, answer.log_id);
  return answer;
}

// Data endpoints take a token and answer an envelope whose error is "ok" when all is well.
async function data(path, token) {
  const response = await fetch(API + path, { headers: { Authorization: `Bearer ${token}` } });
  const { data: value, error } = await response.json();
  if (error.code !== "ok") throw new TikTokError(error.code, error.message, error.log_id);
  return value;
}

const state = randomBytes(32).toString("hex");
const verifier = randomBytes(48).toString("base64url");
const url = new URL(AUTHORIZE);
url.search = new URLSearchParams({
  client_key: env.TIKTOK_CLIENT_KEY, // not client_id
  response_type: "code",
  scope: "user.info.basic,video.list", // commas, not spaces
  redirect_uri: env.TIKTOK_REDIRECT_URI,
  state,
  code_challenge: createHash("sha256").update(verifier).digest("hex"), // hex, not base64url
  code_challenge_method: "S256",
});

const sent = await fetch(url, { redirect: "manual" });
const callback = new URL(sent.headers.get("location")).searchParams;
if (callback.get("state") !== state) throw new Error("another browser's callback");
if (callback.get("error")) throw new TikTokError(callback.get("error"), "the person declined");

let tokens = await oauth("/v2/oauth/token/", {
  grant_type: "authorization_code",
  code: callback.get("code"), // decoded once, encoded once
  redirect_uri: env.TIKTOK_REDIRECT_URI,
  code_verifier: verifier,
});
const { user } = await data("/v2/user/info/?fields=display_name", tokens.access_token);
console.log("Hello,", user.display_name);

const before = tokens.refresh_token;
tokens = await oauth("/v2/oauth/token/", { grant_type: "refresh_token", refresh_token: before });
console.log("A new refresh token:", tokens.refresh_token !== before);

await oauth("/v2/oauth/token/", { grant_type: "refresh_token", refresh_token: before }).catch(
  (error) => console.log("The old one is dead:", error.code),
);
await oauth("/v2/oauth/revoke/", { token: tokens.access_token });
console.log("Disconnected.");
