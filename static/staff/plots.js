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

function seriesOptions(series, index, unit) {
    const shape = SHAPES[index % SHAPES.length];
    const colour = ink(`--ink-${(index % 3) + 1}`);
    return {
        label: series.label,
        stroke: colour,
        dash: shape.dash,
        width: shape.width,
        points: { ...shape.points, stroke: colour, fill: shape.points.fill === null ? colour : ink("--body-bg") },
        value: (plot, value) => (value === null ? "–" : unit === "bytes" ? size(value) : value.toLocaleString("en-GB")),
    };
}

const DAYS = 24 * 3600;

// The browser's own short dates are ambiguous in some countries. The year stands in full below the first date and
// wherever it changes: "25 Nov" alone could be a month of 2025.
export function dates(times) {
    const long = times.at(-1) - times[0] > 120 * DAYS;
    const parts = long ? { month: "short" } : { day: "numeric", month: "short" };
    const format = new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: "UTC" });
    const days = times.map((seconds) => new Date(seconds * 1000));
    const years = days.map((day) => day.getUTCFullYear());
    return days.map((day, index) => format.format(day) + (years[index] === years[index - 1] ? "" : `\n${years[index]}`));
}

// as "3M": British English writes "3m", which is read as a thousandth, too
export function short(value) {
    return new Intl.NumberFormat("en-US", { notation: "compact" }).format(value);
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB"];

// as in the tables: steps of 1024, and a space before the unit
export function size(value) {
    const step = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), UNITS.length - 1);
    const amount = value / 1024 ** step;
    return `${amount.toLocaleString("en-GB", { maximumFractionDigits: 1 })} ${UNITS[step]}`;
}

// powers of two, so that the marks of an axis are round numbers of KB, MB or GB
const BINARY_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power);

function axes(unit) {
    const common = { stroke: ink("--body-quiet-color"), grid: { stroke: ink("--hairline-color") } };
    const days = { ...common, values: (plot, times) => dates(times), space: 70 };
    const write = unit === "bytes" ? size : short;
    const amounts = { ...common, size: 70, values: (plot, values) => values.map(write) };
    return [days, unit === "bytes" ? { ...amounts, incrs: BINARY_STEPS } : amounts];
}

function draw(place) {
    const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
    const options = {
        width: place.clientWidth,
        height: 240,
        tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        scales: { y: { range: (plot, least, most) => [0, Math.max(most * 1.1, 1)] } },
        axes: axes(spec.unit),
        legend: { markers: { width: 3, fill: "transparent", dash: (plot, index) => BORDERS[(index - 1) % 3] } },
        series: [{ value: "{YYYY}-{MM}-{DD}" }, ...spec.series.map((series, index) => seriesOptions(series, index, spec.unit))],
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
