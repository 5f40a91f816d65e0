// A browser in front of a site's request handler: it keeps the site's cookies.

export function browse(handler) {
  const jar = new Map();
  return async (url, { headers, ...init } = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await handler(new Request(url, { ...init, headers: { ...headers, cookie } }));
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      jar.set(name, value);
    }
    return response;
  };
}
