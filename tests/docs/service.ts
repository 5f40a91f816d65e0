// The service that the page on leaving TypeScript speaks of: five methods over TikTok's endpoints.

import { randomBytes } from "node:crypto";

interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  refresh_expires_in: number;
  open_id: string;
  scope: string;
  token_type: string;
}

interface User {
  open_id: string;
  union_id?: string;
  avatar_url?: string;
  display_name?: string;
}

const { TIKTOK_AUTHORIZE_URL, TIKTOK_BASE_URL, TIKTOK_REDIRECT_URI = "" } = process.env;
const key = process.env.TIKTOK_CLIENT_KEY ?? "";
const secret = process.env.TIKTOK_CLIENT_SECRET ?? "";

class TikTokOAuth {
  async getAuthorizationUrl(scopes: string[]): Promise<{ url: string; state: string }> {
    const state = randomBytes(32).toString("hex");
    const query = new URLSearchParams({
      client_key: key,
      redirect_uri: TIKTOK_REDIRECT_URI,
      response_type: "code",
      scope: scopes.join(","),
      state,
    });
    return { url: `${TIKTOK_AUTHORIZE_URL}?${query}`, state };
  }

  async exchangeCodeForTokens(code: string): Promise<Tokens> {
    const redirect_uri = TIKTOK_REDIRECT_URI;
    return this.#post("token", { grant_type: "authorization_code", code, redirect_uri });
  }

  async refreshAccessToken(refreshToken: string): Promise<Tokens> {
    return this.#post("token", { grant_type: "refresh_token", refresh_token: refreshToken });
  }

  async getUserInfo(accessToken: string): Promise<User> {
    const fields = "open_id,union_id,avatar_url,display_name";
    const answer = await fetch(`${TIKTOK_BASE_URL}/v2/user/info/?fields=${fields}`, {
      headers: { Authorization: `Bearer ${accessToken}` },
    });
    return (await answer.json()).data.user;
  }

  async revokeAccess(accessToken: string): Promise<void> {
    await this.#post("revoke", { token: accessToken });
  }

  async #post(name: string, form: Record<string, string>): Promise<any> {
    const answer = await fetch(`${TIKTOK_BASE_URL}/v2/oauth/${name}/`, {
      method: "POST",
      body: new URLSearchParams({ client_key: key, client_secret: secret, ...form }),
    });
    return answer.json();
  }
}

const tiktok = new TikTokOAuth();
