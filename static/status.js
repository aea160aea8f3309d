// Keeps the status page up to date: fetches the part that changes and replaces only what is different, so that nothing
// is announced twice and the focus stays where it is.

const offline = document.getElementById("offline");
let etag = "";
let failures = 0;

const state = () => document.getElementById("state");
const pause = () => Number(state().dataset.lookAgain) * 1000;

function replaceParts(before, after) {
  for (const part of before.querySelectorAll("[data-part]")) {
    const fresh = after.querySelector(`[data-part="${part.dataset.part}"]`);
    if (part.className !== fresh.className) part.className = fresh.className;
    const hasParts = part.querySelector("[data-part]");
    if (!hasParts && part.innerHTML !== fresh.innerHTML) replacePart(part, fresh);
  }
}

function replacePart(part, fresh) {
  const bar = part.querySelector("progress");
  const freshBar = fresh.querySelector("progress");
  const hadFocus = part.contains(document.activeElement);
  if (bar && freshBar) {
    updateBar(bar, freshBar);
    part.querySelector(".counts").replaceWith(fresh.querySelector(".counts"));
  } else {
    part.replaceChildren(...fresh.childNodes);
  }
  if (hadFocus && !part.contains(document.activeElement)) part.querySelector("a, button")?.focus();
}

// the same element moves on, rather than a new one that starts from nothing
function updateBar(bar, fresh) {
  for (const name of ["max", "value"]) {
    if (fresh.hasAttribute(name)) bar.setAttribute(name, fresh.getAttribute(name));
    else bar.removeAttribute(name);
  }
}

function show(html) {
  const after = new DOMParser().parseFromString(html, "text/html").getElementById("state");
  replaceParts(state(), after);
  state().dataset.lookAgain = after.dataset.lookAgain;
  document.title = after.dataset.title.trim();
}

async function look() {
  const headers = etag ? { "If-None-Match": etag } : {};
  const answer = await fetch(state().dataset.address, { headers, cache: "no-store", credentials: "same-origin" });
  if (answer.status === 304) return;
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  etag = answer.headers.get("ETag") ?? "";
  show(await answer.text());
}

function tell(lost) {
  offline.hidden = !lost;
  offline.textContent = lost ? offline.dataset.text : "";
}

async function turn() {
  if (document.visibilityState === "visible") {
    try {
      await look();
      failures = 0;
    } catch {
      failures += 1;
    }
    tell(failures > 1);
  }
  again();
}

function again() {
  if (pause()) setTimeout(turn, Math.min(pause() * 2 ** failures, 60000));
}

again();
