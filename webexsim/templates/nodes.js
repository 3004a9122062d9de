"use strict";
// What the page knows, and how it builds nodes: text goes in as text, never as markup.

const $ = (id) => document.getElementById(id);
const STATES = {
  arrived: "Arrived", waiting: "Waiting", recalled: "Recalled", skipped: "Left out", failed: "Failed", unknown: "Unknown", idle: "Quiet",
};

// Rooms and messages are keyed by id; `round` is the latest broadcast.
const known = { seq: 0, bot: null, people: new Map(), rooms: new Map(), messages: new Map(), notes: {}, typed: {}, epoch: 0 };
const round = { ask: null, start: "", began: 0, last: 0, begun: false, answered: 0, answer: null, active: false, seen: [] };
const view = { person: null, room: null, open: null, filter: "all", filters: {}, file: null, dirty: new Set(), frame: 0, spokenAt: 0, changing: 0, changes: 0 };

let knowsState;
const firstState = new Promise((resolve) => { knowsState = resolve; });

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.includes("-") || !(name in node)) node.setAttribute(name, value); else node[name] = value;
  }
  node.append(...children);
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

function button(className, label, act, ...children) {
  const node = el("button", { type: "button", className }, ...(children.length ? children : [label]));
  if (children.length) node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const number = (value) => value.toLocaleString("en-US");
const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

function avatar(name) {
  const initials = name.split(/\s+/).slice(0, 2).map((word) => [...word][0] || "").join("").toUpperCase();
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  const node = el("span", { className: "avatar", "aria-hidden": "true" }, initials);
  node.style.setProperty("--hue", hue);
  return node;
}

// --- spaces by name ---

// A 1-1 is named after both; beside the bot's own page the other one is enough.
function titleOf(space) {
  if (space.type !== "direct") return space.title;
  return space.title.split(" – ").filter((name) => name !== known.bot?.name).join(" – ") || space.title;
}

const hasMember = (space, id) => space.members.includes(id);

// A link into the Webex app names a space by the last part of its decoded id.
function roomOf(href) {
  const wanted = /^webexteams:.*[?&]space=([^&]+)/i.exec(href)?.[1];
  const id = wanted && [...known.rooms.keys()].find((key) => atob(key).endsWith(`/${wanted}`));
  return known.rooms.get(id);
}

// --- links: to the outside in a tab of their own; where the words are a link into Webex, the space's name instead ---

const LINKS = /^(https?:|mailto:|webexteams:)/i;

const anchor = (href, props = {}) => el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", ...props });

function named(link) {
  const room = /^webexteams:/i.test(link.textContent) && roomOf(link.href);
  if (room) link.replaceChildren(titleOf(room.space));
  return link;
}

function linked(text) {
  return text.split(/((?:https?|webexteams):\/\/[^\s<>()"]*[^\s<>()".,;:!?])/i).map((part, at) => {
    if (at % 2 === 0) return part;
    const link = anchor(part);
    link.append(part);
    return named(link);
  });
}

// --- html of messages: only these elements survive, without attributes; of anything else only the text ---

const KEEP = new Set("P BR STRONG B EM I U S DEL UL OL LI BLOCKQUOTE CODE PRE H1 H2 H3 HR".split(" "));
const DROP = new Set("SCRIPT STYLE TEMPLATE IFRAME OBJECT EMBED NOSCRIPT SVG MATH TEXTAREA SELECT".split(" "));

function safeHtml(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const clean = document.createDocumentFragment();
  parsed.body.childNodes.forEach((node) => copySafe(node, clean));
  clean.querySelectorAll("a").forEach(named);
  return clean;
}

function copySafe(node, into) {
  if (node.nodeType === Node.TEXT_NODE) return void into.append(...(into.nodeName === "A" ? [node.data] : linked(node.data)));
  const tag = node.nodeType === Node.ELEMENT_NODE ? node.tagName.toUpperCase() : "";
  if (!tag || DROP.has(tag)) return;
  const copy = safeElement(tag, node);
  if (copy !== into && copy) into.append(copy);
  node.childNodes.forEach((child) => copySafe(child, copy || into));
}

function safeElement(tag, node) {
  if (KEEP.has(tag)) return document.createElement(tag);
  if (tag === "SPARK-MENTION") return el("span", { className: "mention" });
  const href = tag === "A" ? node.getAttribute("href") || "" : "";
  return LINKS.test(href) ? anchor(href) : null;
}
