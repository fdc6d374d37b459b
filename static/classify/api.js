// The part of the site's JSON API that the classify page uses.
import { csrfToken } from "../site/csrf.js";

const PATIENCE = 30_000; // ms: a connection that hangs would hold back all answers; sending one again is safe

/** The server refused the request; retrying will not help. */
export class Refused extends Error {}

/** The network or the server is down; `after` is the retry delay in milliseconds, if given. */
export class Away extends Error {
  constructor(message, after = null) {
    super(message);
    this.after = after;
  }
}

/** The session has ended; retry after signing in. */
export class Unknown extends Away {}

async function sentence(response) {
  try {
    const body = await response.json();
    return body.detail ?? Object.values(body).flat().join(" ");
  } catch {
    return interpolate(gettext("The server answered %s."), [response.status]);
  }
}

/** Read a reply; a truncated one, or another site's page, counts as none. */
async function answerOf(response) {
  try {
    return response.status === 204 ? null : await response.json();
  } catch {
    throw new Away(gettext("Can't reach the server."));
  }
}

async function call(url, body) {
  const options = body === undefined
    ? { headers: { Accept: "application/json" } }
    : {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
      body: JSON.stringify(body),
    };
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE), ...options });
  } catch {
    throw new Away(gettext("Can't reach the server."));
  }
  if (response.ok) return answerOf(response);
  if (response.status === 429 || response.status >= 500) {
    throw new Away(await sentence(response), 1000 * Number(response.headers.get("Retry-After")) || null);
  }
  if (body !== undefined && (response.status === 401 || response.status === 403)) throw new Unknown(await sentence(response));
  throw new Refused(await sentence(response));
}

export class Api {
  constructor(urls) {
    this.urls = urls;
  }

  /** Lease up to `n` subjects: the ones this volunteer still holds come first. */
  next(n) {
    return call(`${this.urls.next}?n=${n}`);
  }

  classify(classification) {
    return call(this.urls.classifications, classification);
  }

  undo(id) {
    return call(`${this.urls.classifications}${id}/undo/`, {});
  }

  followUp(id, choice) {
    return call(`${this.urls.classifications}${id}/follow-up/`, { follow_up: choice });
  }
}
