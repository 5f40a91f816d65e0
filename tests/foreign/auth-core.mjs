// Auth.js's TikTok provider in a whole site. Its three addresses are settings.

import { Auth, skipCSRFCheck } from "@auth/core";
import TikTok from "@auth/core/providers/tiktok";
import { browse } from "./browser.mjs";
import { answer } from "./program.mjs";

const { TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET, TIKTOK_BASE_URL, SITE, OPTIONS } = process.env;
let signedIn = null;
let failure = null;
const config = {
  basePath: "/auth",
  secret: "a secret of thirty-two characters or more",
  trustHost: true,
  skipCSRFCheck,
  providers: [
    TikTok({
      clientId: TIKTOK_CLIENT_KEY,
      clientSecret: TIKTOK_CLIENT_SECRET,
      authorization: { url: `${TIKTOK_BASE_URL}/v2/auth/authorize/` },
      token: `${TIKTOK_BASE_URL}/v2/oauth/token/`,
      userinfo: `${TIKTOK_BASE_URL}/v2/user/info/?fields=open_id,avatar_url,display_name`,
      ...JSON.parse(OPTIONS),
    }),
  ],
  events: { signIn: (event) => { signedIn = event; } },
  logger: { error: (error) => { failure = String(error.cause?.err ?? error); } },
};
const open = browse((request) => Auth(request, config));

answer({
  async authorize() {
    const response = await open(`${SITE}/auth/signin/tiktok`, { method: "POST" });
    return response.headers.get("location");
  },
  async exchange({ callback }) {
    const response = await open(callback);
    return response.headers.get("location");
  },
  signedIn: () => signedIn,
  failure: () => failure,
});
