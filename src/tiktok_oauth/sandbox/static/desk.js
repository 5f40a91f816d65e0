// Keeps the page as a reload would show it, by asking for it again: the server alone writes it.

const INTERVAL = 1_000;
const following = document.getElementById("following");
const done = document.getElementById("done");
let last = Promise.resolve();

// One request after the other, so that no older answer replaces a newer one.
function take(parts, request) {
  last = last.catch(() => {}).then(() => renew(parts, request));
  return last;
}

async function renew(parts, request) {
  const answer = await fetch(`/${location.search}`, request);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement;
  const section = focused.closest("section");
  for (const { id } of document.querySelectorAll("details[open]")) {
    fresh.getElementById(id)?.setAttribute("open", "");
  }
  for (const part of document.querySelectorAll(parts)) {
    const newer = fresh.getElementById(part.id);
    if (newer && !part.isEqualNode(newer)) {
      part.replaceWith(newer);
    }
  }
  if (!focused.isConnected) {
    (document.getElementById(focused.id) ?? section).focus({ preventScroll: true });
  }
  return answer.ok;
}

async function follow() {
  const began = performance.now();
  if (!document.hidden) {
    try {
      await take("[data-live]");
      following.textContent = "Live";
      following.classList.add("live");
    } catch {
      following.textContent = "The sandbox does not answer";
      following.classList.remove("live");
    }
  }
  // A look at a huge world takes its time, and must not be all that the sandbox does.
  setTimeout(follow, Math.max(INTERVAL, 10 * (performance.now() - began)));
}

document.addEventListener("submit", async (event) => {
  if (event.target.method !== "post") {
    return;
  }
  event.preventDefault();
  const button = event.submitter;
  const body = new URLSearchParams(new FormData(event.target, button));
  try {
    // A problem stays on the page until the next button.
    const pressed = await take("[data-live], #problem", { method: "POST", body });
    done.textContent = pressed ? `${button.ariaLabel ?? button.textContent}, done` : "";
  } catch {
    done.textContent = "The sandbox does not answer";
  }
});

follow();
