// Keeps the part of a page marked with data-live up to date: fetches it every few seconds (data-seconds, or 3) while
// somebody is looking. Where its version is another than before, so is the rest of the page, which is loaded again.
const SECONDS = 3;

async function renew(place) {
    if (document.hidden || place.contains(document.activeElement)) {
        return;
    }
    const answer = await fetch(place.dataset.live, { headers: { Accept: "text/html" }, redirect: "error" });
    if (answer.ok) {
        place.innerHTML = await answer.text();
        if (place.querySelector("[data-version]")?.dataset.version !== place.dataset.version) {
            window.location.reload();
        }
    }
}

function keep(place) {
    const status = document.getElementById("live-status");
    const next = () => window.setTimeout(turn, (place.dataset.seconds ?? SECONDS) * 1000);
    const turn = async () => {
        try {
            await renew(place);
            status.textContent = "";
        } catch {
            status.textContent = "The portal is not responding; this page may be out of date.";
        }
        next();
    };
    next();
}

document.querySelectorAll("[data-live]").forEach(keep);
