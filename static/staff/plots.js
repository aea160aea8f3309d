// Draws every <div class="plot" data-spec="id"> from the JSON with that id; the table below it holds the same numbers.
const SHAPES = [
    { dash: [], width: 2, points: { show: true, size: 6, fill: null } },
    { dash: [10, 5], width: 2, points: { show: true, size: 9 } },
    { dash: [2, 4], width: 3, points: { show: false } },
];
const BORDERS = ["solid", "dashed", "dotted"];

function ink(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function seriesOptions(series, index) {
    const shape = SHAPES[index % SHAPES.length];
    const colour = ink(`--ink-${(index % 3) + 1}`);
    return {
        label: series.label,
        stroke: colour,
        dash: shape.dash,
        width: shape.width,
        points: { ...shape.points, stroke: colour, fill: shape.points.fill === null ? colour : ink("--body-bg") },
        value: (plot, value) => (value === null ? "–" : value.toLocaleString("en-GB")),
    };
}

const DAYS = 24 * 3600;

// the browser's own short dates are ambiguous in some countries
function dates(plot, times) {
    const long = plot.scales.x.max - plot.scales.x.min > 200 * DAYS;
    const parts = long ? { month: "short", year: "2-digit" } : { day: "numeric", month: "short" };
    const format = new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: "UTC" });
    return times.map((seconds) => format.format(new Date(seconds * 1000)));
}

// as "3M": British English writes "3m", which is read as a thousandth, too
function short(value) {
    return new Intl.NumberFormat("en-US", { notation: "compact" }).format(value);
}

function axes() {
    const common = { stroke: ink("--body-quiet-color"), grid: { stroke: ink("--hairline-color") } };
    return [{ ...common, values: dates, space: 70 }, { ...common, size: 60, values: (plot, values) => values.map(short) }];
}

function draw(place) {
    const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
    const options = {
        width: place.clientWidth,
        height: 240,
        tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        scales: { y: { range: (plot, least, most) => [0, Math.max(most * 1.1, 1)] } },
        axes: axes(),
        legend: { markers: { width: 3, fill: "transparent", dash: (plot, index) => BORDERS[(index - 1) % 3] } },
        series: [{ value: "{YYYY}-{MM}-{DD}" }, ...spec.series.map(seriesOptions)],
    };
    place.replaceChildren();
    return new window.uPlot(options, [spec.times, ...spec.series.map((series) => series.values)], place);
}

function keep(place) {
    let plot = draw(place);
    const again = () => {
        plot.destroy();
        plot = draw(place);
    };
    new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 240 })).observe(place);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

document.querySelectorAll(".plot[data-spec]").forEach(keep);
