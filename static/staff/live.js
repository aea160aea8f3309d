// Keeps the part of a page marked with data-live up to date: fetches it every few seconds while somebody is looking.
const SECONDS = 3;

async function renew(place) {
    if (document.hidden || place.contains(document.activeElement)) {
        return;
    }
    const answer = await fetch(place.dataset.live, { headers: { Accept: "text/html" }, redirect: "error" });
    if (answer.ok) {
        place.innerHTML = await answer.text();
    }
}

function keep(place) {
    const status = document.getElementById("live-status");
    const next = () => window.setTimeout(turn, SECONDS * 1000);
    const turn = async () => {
        try {
            await renew(place);
            status.textContent = "";
        } catch {
            status.textContent = "The portal does not answer; these numbers may be old.";
        }
        next();
    };
    next();
}

document.querySelectorAll("[data-live]").forEach(keep);
