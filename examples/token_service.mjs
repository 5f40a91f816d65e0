// Fresh tokens for a program in JavaScript: the service keeps them, this only asks for one.
//
//     tiktok-oauth serve
//     export TOKEN_SERVICE_KEY=$(tiktok-oauth api-keys new "this program" --scope token)
//     node token_service.mjs
//
// It greets everybody who is connected, and makes a link for those who are not. Never keep a token
// or send one to a browser: asking again is cheap, and the service refreshes when it must.

import { setTimeout as sleep } from "node:timers/promises";

const { env } = process;
const SERVICE = env.TOKEN_SERVICE_URL ?? "http://127.0.0.1:8000";
const TIKTOK = env.TIKTOK_BASE_URL ?? "https://open.tiktokapis.com";
const ATTEMPTS = 3;
const PATIENCE = 10; // seconds: whoever is to wait longer is told, and comes back later

// Whatever goes wrong is a problem document: `action` is for programs, `hint` for people.
class Problem extends Error {
  constructor({ detail, ...rest }) {
    super(detail);
    Object.assign(this, rest);
  }
}

async function ask(path, body) {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`${SERVICE}/api/v1${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        Authorization: `Bearer ${env.TOKEN_SERVICE_KEY}`,
        ...(body && { "Content-Type": "application/json" }),
      },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    const wait = answer.retry_after ?? attempt;
    if (answer.action !== "retry" || attempt === ATTEMPTS || wait > PATIENCE) {
      throw new Problem(answer);
    }
    await sleep(1000 * wait);
  }
}

async function* accounts() {
  let page = { next: "" };
  while (page.next !== null) {
    page = await ask(page.next ? `/accounts?cursor=${encodeURIComponent(page.next)}` : "/accounts");
    yield* page.accounts;
  }
}

async function nameOf(openId) {
  const { access_token: token } = await ask(`/accounts/${encodeURIComponent(openId)}/token`);
  const response = await fetch(`${TIKTOK}/v2/user/info/?fields=display_name`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  const { data, error } = await response.json();
  if (error.code !== "ok") throw new Error(`${error.code}: ${error.message} (${error.log_id})`);
  return data.user.display_name;
}

for await (const { open_id: openId } of accounts()) {
  try {
    console.log("Hello,", await nameOf(openId));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const help = error.login_url ? `log in again: ${error.login_url}` : error.hint;
    console.log(`${openId}: ${error.message} ${help}`);
  }
}
const login = await ask("/logins", { user_id: "user-42" });
console.log("To connect user-42, open", login.url);
