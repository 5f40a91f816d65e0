// better-auth's TikTok provider in a whole site. The hosts are built in: fetch is told where to go.

import { atSandbox } from "./hosts.mjs";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { browse } from "./browser.mjs";
import { answer } from "./program.mjs";

const { TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET, SITE, OPTIONS } = process.env;
const tables = { user: [], session: [], account: [], verification: [] };
const auth = betterAuth({
  baseURL: SITE,
  secret: "a secret of thirty-two characters or more",
  database: memoryAdapter(tables),
  socialProviders: {
    tiktok: {
      clientKey: TIKTOK_CLIENT_KEY,
      clientSecret: TIKTOK_CLIENT_SECRET,
      ...JSON.parse(OPTIONS),
    },
  },
});
const open = browse(auth.handler);
const post = async (path, body) => {
  const headers = { "content-type": "application/json", origin: SITE };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return (await open(`${SITE}/api/auth${path}`, init)).json();
};

answer({
  async authorize() {
    const { url } = await post("/sign-in/social", { provider: "tiktok", callbackURL: "/home" });
    return atSandbox(url);
  },
  async exchange({ callback }) {
    const response = await open(callback);
    return response.headers.get("location");
  },
  account: () => tables.account[0],
  user: () => tables.user[0],
  async userInfo() {
    return (await open(`${SITE}/api/auth/account-info?accountId=${tables.account[0].id}`)).json();
  },
  refresh: () => post("/refresh-token", { accountId: tables.account[0].id }),
});
