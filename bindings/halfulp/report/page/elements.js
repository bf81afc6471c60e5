// Elements of the page. Text goes in as text: nothing that comes from the data is ever read as HTML.
const byId = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const drawn = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

function options(select, choices, chosen) {
  select.replaceChildren(
    ...choices.map(([value, text]) => element("option", { value, selected: value === chosen }, text)));
  select.value = chosen;
}

// Markers of about the same area around (0, 0), in the order of the colours.
const MARKERS = [
  "M0-4.3A4.3 4.3 0 1 1 0 4.3A4.3 4.3 0 1 1 0-4.3Z",
  "M-3.8-3.8H3.8V3.8H-3.8Z",
  "M0-5L4.8 3.8H-4.8Z",
  "M0-5.4L4.6 0L0 5.4L-4.6 0Z",
  "M0 5L4.8-3.8H-4.8Z",
  "M-1.7-5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5V-1.7H-1.7Z",
];

// Colour and marker of the n-th kind: 36 pairs, the first six of which differ in both.
function style(place) {
  const turn = Math.floor(place / 6);
  return { colour: `s${place % 6}`, marker: MARKERS[(place + turn) % 6] };
}
