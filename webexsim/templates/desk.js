"use strict";
// The person's desk: who writes and where, sending, the switches, the big run, one space seen whole, and the polling.

const TROUBLE = {
  none: "Webex answers as it should.",
  rate_limit: "Webex refuses what comes too fast (429); the bot slows down.",
  outage: "Webex is down (503); the bot waits and goes on when it is back.",
  flaky: "Some answers get lost or fail; nothing may arrive twice.",
  edits_untold: "Webex tells the bot nothing of edits; “edit: new text” in the thread does the same.",
};
const [MANY, BIG] = [60, 1000];

// --- who writes, and where ---

const persons = () => {
  const all = [...known.people.values()].filter((person) => person.id !== known.bot?.id && person.role !== "bot");
  return all.some((person) => person.role !== "person") ? all.filter((person) => person.role !== "person") : all;
};

function showPeople() {
  const all = persons();
  if ($("people").childElementCount === all.length || !all.length) return;
  $("people").replaceChildren(...all.map(personChoice));
  choosePerson(all[0].id);
}

function personChoice(person) {
  const radio = el("input", { type: "radio", name: "person", value: person.id });
  radio.addEventListener("change", () => choosePerson(person.id));
  return el("label", { className: "person", title: `${person.name} · ${person.org} · ${person.email}` }, radio, avatar(person.name),
    el("span", {}, el("b", {}, person.name), el("small", {}, person.role === "person" ? person.org : person.role)));
}

function choosePerson(id) {
  view.person = id;
  document.querySelectorAll("[name=person]").forEach((radio) => { radio.checked = radio.value === id; });
  paintPlaces();
  choosePlace($("where").value);
}

function paintPlaces() {
  view.spacesChanged = false;
  const places = [...known.rooms.values()].map((room) => room.space).filter((space) => hasMember(space, view.person));
  const [direct, groups] = [places.filter((space) => space.type === "direct"), places.filter((space) => space.type !== "direct")];
  const option = (space, label) => el("option", { value: space.id, selected: space.id === view.room }, label);
  $("where").replaceChildren(
    ...direct.map((space) => option(space, `1-1 with ${known.bot.name}`)),
    ...(groups.length ? [el("optgroup", { label: "A space, by @mention" }, ...groups.slice(0, 200).map((space) => option(space, space.title)))] : []));
}

function choosePlace(id) {
  view.room = id;
  const room = known.rooms.get(id);
  $("mention").hidden = !room || room.space.type === "direct";
  setText($("mention"), `@${known.bot?.name || "bot"}`);
  showConversation($("talk"), room, view.person, "Nothing written here yet. What you send goes to every space the bot may write to.");
}

// --- sending ---

async function post(path, body) {
  const reply = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const told = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(`${told.message || "no reason given"} (${reply.status})`);
  poll();
  return told;
}

// Nothing is done before the page knows who is there: what was typed or pressed until then waits for it.
async function attempt(work) {
  setText($("said"), "");
  await firstState;
  try { await work(); } catch (error) { setText($("said"), `That did not work: ${error.message}`); }
}

async function send() {
  const text = $("message").value.trim();
  if (view.busy || (!text && !view.file)) return;
  view.busy = $("send").disabled = true;
  await attempt(async () => {
    const mentions = !$("mention").hidden && $("mention").getAttribute("aria-pressed") === "true";
    await post("/sim/say", { person_id: view.person, room_id: view.room, text, mention_bot: mentions, file: view.file });
    $("message").value = "";
    attach(null);
    memory.keep();
    showHint(false);
    if (!$("mention").hidden && !mentions) setText($("said"), "Without a mention the bot does not see this message.");
  });
  view.busy = $("send").disabled = false;
  $("message").focus({ preventScroll: true });
}

// A question to the bot itself goes out at once, whatever is being written.
const command = (text) => attempt(() => post("/sim/say", { person_id: view.person, room_id: view.room, text, mention_bot: !$("mention").hidden }));

function attach(file) {
  view.file = file;
  $("attached").hidden = !file;
  setText($("attached-name"), file ? file.name : "");
  $("file").value = "";
}

async function attachFile(file) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error(`${file.name} cannot be read`));
    reader.readAsDataURL(file);
  });
  attach({ name: file.name, type: file.type || "application/octet-stream", base64: url.slice(url.indexOf(",") + 1) });
}

const SAMPLES = {
  text: () => new File(["Agenda\n\n1. Welcome\n2. Návštěva z Brna – 日本 – São Paulo\n3. Questions\n"], "agenda.txt", { type: "text/plain" }),
  image: samplePicture,
  card: () => new File([JSON.stringify(SAMPLE_CARD, null, 2)], "lunch-card.json", { type: "application/json" }),
};

const SAMPLE_CARD = {
  $schema: "http://adaptivecards.io/schemas/adaptive-card.json", type: "AdaptiveCard", version: "1.3",
  body: [
    { type: "TextBlock", text: "Team lunch on Friday", weight: "Bolder", size: "Large", wrap: true },
    { type: "TextBlock", text: "Tell us what you would like, so that the kitchen can plan.", wrap: true, isSubtle: true },
    { type: "FactSet", facts: [{ title: "When", value: "Friday, 12:00" }, { title: "Where", value: "Canteen, ground floor" }] },
    { type: "Input.ChoiceSet", id: "meal", label: "Meal", choices: [{ title: "Soup", value: "soup" }, { title: "Curry", value: "curry" }] },
    { type: "Input.Text", id: "note", label: "Anything we should know?", placeholder: "Allergies, wishes" },
  ],
  actions: [{ type: "Action.Submit", title: "Count me in", data: { answer: "yes" } }],
};

function samplePicture() {
  const canvas = el("canvas", { width: 640, height: 320 });
  const pen = canvas.getContext("2d");
  const wash = pen.createLinearGradient(0, 0, 640, 320);
  wash.addColorStop(0, "#12a3b8");
  wash.addColorStop(1, "#0b4f70");
  pen.fillStyle = wash;
  pen.fillRect(0, 0, 640, 320);
  pen.fillStyle = "#fff";
  pen.font = "600 52px system-ui, sans-serif";
  pen.fillText("Summer party", 48, 160);
  pen.font = "26px system-ui, sans-serif";
  pen.fillText("Thursday · 17:00 · roof terrace", 50, 208);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(new File([blob], "summer-party.png", { type: "image/png" })), "image/png"));
}

async function attachSample(kind) {
  await attempt(async () => attachFile(await SAMPLES[kind]()));
  $("message").focus({ preventScroll: true });
}

// --- settings, trouble, the big run ---

function absorbSettings(settings) {
  const destination = settings.destination || {};
  $("destination").disabled = !settings.bot_config;
  if (view.changing || view.changes !== poll.changes || $("confirm-above") === document.activeElement) return;
  showConfirm(settings.confirm?.above ?? null);
  if (settings.trouble) showTrouble(settings.trouble);
  document.querySelectorAll("[data-key]").forEach((box) => { box.checked = Boolean(destination[box.dataset.key]); });
}

// What was asked before a change is done knows nothing of it: the switches show what was chosen meanwhile.
async function adjust(path, body) {
  view.changing += 1;
  await attempt(() => post(path, body));
  view.changing -= 1;
  view.changes += 1;
}

function changeSetting() {
  const boxes = [...document.querySelectorAll("[data-key]")];
  adjust("/sim/settings", { destination: Object.fromEntries(boxes.map((box) => [box.dataset.key, box.checked])) });
}

function showConfirm(above) {
  $("confirm").checked = above !== null;
  $("confirm-above").disabled = above === null;
  if (above !== null) $("confirm-above").value = above;
}

// Null switches the question off; the number stays in its box for the next time.
function changeConfirm() {
  const above = $("confirm").checked ? Math.max(0, Math.round($("confirm-above").valueAsNumber || 0)) : null;
  showConfirm(above);
  adjust("/sim/settings", { confirm: { above } });
}

function showTrouble(kind) {
  setText($("trouble-note"), TROUBLE[kind] || "");
  document.querySelectorAll("[name=trouble]").forEach((radio) => { radio.checked = radio.value === kind; });
}

function changeTrouble(kind) {
  showTrouble(kind);
  adjust("/sim/trouble", { kind });
}

async function bigRun() {
  $("big").disabled = true;
  showHint(false);
  await attempt(async () => {
    if (known.rooms.size < BIG) await post("/sim/spaces", { count: BIG });
    const [sender] = persons();
    const room = [...known.rooms.values()].find(({ space }) => space.type === "direct" && hasMember(space, sender.id));
    await post("/sim/say", { person_id: sender.id, room_id: room.space.id, text: "Good morning! The new canteen opens today at eleven.", mention_bot: false, file: null });
  });
  $("big").disabled = false;
}

// --- what one space sees ---

function openRoom(id) {
  const room = known.rooms.get(id);
  if (!room) return;
  view.open = id;
  const { space } = room;
  const note = known.notes[id];
  setText($("room-title"), titleOf(space));
  setText($("room-meta"), [kindOf(space), ownerOf(space), plural(room.copies, "copy", "copies")].join(" · "));
  $("room-reason").hidden = stateOf(room) !== note?.state;
  $("room-reason").dataset.state = note?.state || "";
  setText($("room-reason"), note ? `${STATES[note.state]}: ${note.reason}` : "");
  showConversation($("room-talk"), room, null, "Nothing has been written here.");
  if (!$("room").open) $("room").showModal();
  $("room-talk").scrollTop = $("room-talk").scrollHeight;
}

// A link into the Webex app opens the space's tile here.
function openLink(event) {
  const link = event.target.closest("a[href^='webexteams:']");
  if (!link) return;
  event.preventDefault();
  openRoom(roomOf(link.href)?.space.id);
}

// --- the first visit ---

function showHint(open) {
  $("hint").hidden = !open;
  $("help").setAttribute("aria-expanded", String(open));
}

const memory = {
  seen: () => { try { return localStorage.getItem("hint") === "seen"; } catch { return false; } },
  keep: () => { try { localStorage.setItem("hint", "seen"); } catch { /* private mode: the hint comes again */ } },
};

// --- polling ---

async function poll() {
  clearTimeout(poll.timer);
  if (poll.running) { poll.again = true; return; }
  poll.running = true;
  poll.changes = view.changes;
  try {
    const reply = await fetch(`/sim/state?since=${known.seq}`, { cache: "no-store" });
    if (!reply.ok) throw new Error(String(reply.status));
    absorb(await reply.json());
    knowsState();
    $("offline").hidden = true;
  } catch (error) {
    if (!(error instanceof TypeError || /^\d+$/.test(error.message))) console.error(error);
    $("offline").hidden = false;
  }
  poll.running = false;
  const pause = document.hidden ? 2000 : round.active ? 200 : 400;
  poll.timer = setTimeout(poll, poll.again ? 0 : pause);
  poll.again = false;
}

function connect() {
  document.querySelectorAll("[data-key]").forEach((box) => box.addEventListener("change", changeSetting));
  document.querySelectorAll("[name=trouble]").forEach((radio) => radio.addEventListener("change", () => changeTrouble(radio.value)));
  document.querySelectorAll("[data-command]").forEach((node) => node.addEventListener("click", () => command(node.dataset.command)));
  for (const id of ["confirm", "confirm-above"]) $(id).addEventListener("change", changeConfirm);
  document.querySelectorAll("[data-sample]").forEach((node) => node.addEventListener("click", () => attachSample(node.dataset.sample)));
  $("big").addEventListener("click", bigRun);
  $("where").addEventListener("change", () => choosePlace($("where").value));
  $("mention").addEventListener("click", () => $("mention").setAttribute("aria-pressed", String($("mention").getAttribute("aria-pressed") !== "true")));
  $("find").addEventListener("input", paintAll);
  document.addEventListener("click", openLink);
  $("tiles").addEventListener("click", (event) => openRoom(event.target.closest("button")?.dataset.room));
  $("room-close").addEventListener("click", () => $("room").close());
  $("room").addEventListener("click", (event) => { if (event.target === $("room")) $("room").close(); });
  $("room").addEventListener("close", () => { view.open = null; });
  $("help").addEventListener("click", () => showHint($("hint").hidden));
  $("hint-close").addEventListener("click", () => { memory.keep(); showHint(false); $("help").focus(); });
  connectComposer();
}

function connectComposer() {
  $("composer").addEventListener("submit", (event) => { event.preventDefault(); send(); });
  $("message").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  $("file").addEventListener("change", () => { if ($("file").files[0]) attempt(() => attachFile($("file").files[0])); });
  $("detach").addEventListener("click", () => { attach(null); $("message").focus(); });
  const over = (on) => (event) => { event.preventDefault(); $("chat").classList.toggle("over", on); };
  $("chat").addEventListener("dragover", over(true));
  $("chat").addEventListener("dragleave", over(false));
  $("chat").addEventListener("drop", (event) => {
    over(false)(event);
    const [file] = event.dataTransfer.files;
    if (file) attempt(() => attachFile(file));
  });
}

const phone = matchMedia("(max-width: 820px)");
const foldControls = () => { $("controls").open = !phone.matches; };
phone.addEventListener("change", foldControls);
foldControls();
connect();
showHint(!memory.seen());
showTrouble("none");
poll();
