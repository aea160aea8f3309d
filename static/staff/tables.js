// Where a table is wider than its place, its rows become cards: the name, and every other cell with its heading. Without
// scripts the table is moved sideways.

function headings(table) {
    const cells = table.tHead?.rows[0]?.cells ?? [];
    return [...cells].map((cell) => (cell.querySelector(".text") ?? cell).textContent.trim());
}

function label(table) {
    const names = headings(table);
    for (const body of table.tBodies) {
        for (const row of body.rows) {
            [...row.cells].forEach((cell, index) => {
                cell.dataset.label = cell.colSpan > 1 ? "" : names[index] ?? "";
            });
        }
    }
}

function fit(place) {
    for (const table of place.querySelectorAll("table")) {
        table.classList.remove("stacked");
        label(table);
        table.classList.toggle("stacked", table.scrollWidth > place.clientWidth);
    }
}

function keep(place) {
    let width = 0;
    new ResizeObserver(() => {
        if (place.clientWidth !== width) {
            width = place.clientWidth;
            fit(place);
        }
    }).observe(place);
}

const PLACES = ".results, .wide";

document.querySelectorAll(PLACES).forEach(keep);
document.querySelectorAll("[data-live]").forEach((live) => {
    new MutationObserver(() => live.querySelectorAll(PLACES).forEach(keep)).observe(live, { childList: true });
});
