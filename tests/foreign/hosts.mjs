// Import this before a package that has TikTok's hosts built in: its requests go to the sandbox.

const HOSTS = ["www.tiktok.com", "open.tiktokapis.com"];
const SANDBOX = process.env.TIKTOK_BASE_URL;
const send = globalThis.fetch;

// The same address at the sandbox. An authorization URL is opened by a browser, not by fetch.
export function atSandbox(address) {
  const url = new URL(address);
  return HOSTS.includes(url.host) ? new URL(url.pathname + url.search, SANDBOX) : url;
}

globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const { method, headers, redirect, signal } = request;
  const body = request.body ? await request.arrayBuffer() : undefined;
  return send(atSandbox(request.url), { method, headers, body, redirect, signal });
};
