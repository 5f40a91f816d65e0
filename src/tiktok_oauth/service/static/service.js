// Keeps a page as a reload would show it, by asking for it again: the server alone writes it.

const main = document.getElementById("main");
const said = document.getElementById("said");
const following = document.getElementById("following");
// Milliseconds between two looks: at once for news, and now and then because time passes.
const SOON = 300;
const PAUSE = { news: 15_000, figures: 2_000 };
let asking = false;
let again = false;
let asked = 0;

document.documentElement.classList.add("scripted");

function say(text) {
  said.textContent = "";
  said.textContent = text;
}

function tell(isLive) {
  if (following) {
    following.textContent = isLive ? main.dataset.liveOn : main.dataset.liveLost;
    following.classList.toggle("live", isLive);
  }
}

async function renew() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  again = false;
  asked = performance.now();
  try {
    const answer = await fetch(location.href, { redirect: "error" });
    if (answer.ok) {
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    }
  } catch {
    tell(false);
  }
  asking = false;
  if (again) {
    setTimeout(renew, SOON);
  }
}

function take(fresh) {
  const focused = document.activeElement;
  for (const { id } of document.querySelectorAll("details[open]")) {
    fresh.getElementById(id)?.setAttribute("open", "");
  }
  for (const part of document.querySelectorAll("[data-live]")) {
    const newer = fresh.getElementById(part.id);
    // Somebody may be about to press something in there, or be reading a link to send.
    if (newer && !part.isEqualNode(newer) && !holds(part, focused)) {
      part.replaceWith(newer);
    }
  }
}

function holds(part, focused) {
  return part.contains(focused) && focused.matches("input, button, summary, details *");
}

function follow(kind) {
  const stream = new EventSource("/events");
  stream.addEventListener("open", () => tell(true));
  stream.addEventListener("error", () => tell(false));
  stream.addEventListener("news", renew);
  stream.addEventListener("sample", (event) => {
    const sample = JSON.parse(event.data);
    document.dispatchEvent(new CustomEvent("sample", { detail: sample }));
    if (performance.now() - asked > PAUSE[kind]) {
      renew();
    }
  });
  return stream;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return;
  }
  button.classList.add("copied");
  say(button.dataset.copied);
  setTimeout(() => button.classList.remove("copied"), 1_500);
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches("input[readonly]")) {
    event.target.select();
  }
});

// A page in the background listens to nothing: browsers open few connections to one host.
if (main?.dataset.follows) {
  let stream = null;
  const turn = () => {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = follow(main.dataset.follows);
    }
  };
  document.addEventListener("visibilitychange", () => {
    turn();
    if (!document.hidden) {
      renew();
    }
  });
  turn();
}
