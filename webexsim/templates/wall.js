"use strict";
// The wall of spaces, and the latest broadcast in numbers. A tile is built once and afterwards only changed where it
// differs; everything is painted at most once a frame.

function newTile(space) {
  const parts = {
    mark: el("span", { className: "mark" }), title: el("b"), count: el("span", { className: "count" }),
    kind: el("span"), owner: el("span"), edited: el("span", { className: "edited" }), last: el("div", { className: "last" }),
  };
  const press = el("button", { type: "button" },
    el("span", { className: "head" }, parts.mark, parts.title, parts.count),
    el("span", { className: "meta" }, parts.kind, parts.owner, parts.edited), parts.last);
  const node = el("li", { className: "tile" }, press);
  press.dataset.room = space.id;
  return { ...parts, button: press, node, state: "" };
}

// Whether the latest broadcast has a copy here. What failed after the copy came – an edit, a recall – is worth more.
function stateOf(room) {
  const note = known.notes[room.space.id];
  const copy = known.messages.get(room.last);
  if (note?.state === "failed" && note.seq >= room.lastSeq) return "failed";
  if (round.ask && copy && copy.created >= round.start) return "arrived";
  if (round.ask && room.recalled >= round.start) return "recalled";
  if (note && STATES[note.state]) return note.state;
  return round.active && round.begun ? "waiting" : "idle";
}

function lastWords(room, state) {
  const note = known.notes[room.space.id];
  if (note && state === note.state) return note.reason || STATES[state];
  if (state === "waiting") return "Waiting for its copy";
  if (state === "recalled") return "Its copy was taken back";
  const message = known.messages.get(room.last);
  if (!message) return "Nothing yet";
  const words = (message.text || message.markdown || "").replace(/^Message from [^\n]*\n+/, "");
  return words || (message.files || []).map((file) => file.name).join(", ") || (message.card ? "Card" : "");
}

function paintTile(room) {
  const { tile, space } = room;
  const state = stateOf(room);
  if (tile.state !== state) {
    tile.state = state;
    tile.button.dataset.state = state;
    tile.mark.replaceChildren(icon(state), el("span", { className: "visually-hidden" }, STATES[state]));
  }
  setText(tile.title, titleOf(space));
  setText(tile.count, room.copies ? `×${room.copies}` : "");
  setText(tile.kind, kindOf(space));
  setText(tile.owner, ownerOf(space));
  setText(tile.edited, state === "arrived" && known.messages.get(room.last).updated ? "edited" : "");
  setText(tile.last, lastWords(room, state));
  tile.button.title = `${titleOf(space)} – ${STATES[state]}`;
  tile.node.hidden = !matches(room, state);
}

function kindOf(space) {
  if (space.type === "direct") return space.read_only ? "1-1, read-only" : "1-1";
  return space.announcement_only ? "Announcements" : "Space";
}

const ownerOf = (space) => space.owner;

function matches(room, state) {
  if (view.filter !== "all" && view.filter !== state) return false;
  const words = $("find").value.trim().toLowerCase();
  return !words || `${titleOf(room.space)} ${ownerOf(room.space)} ${kindOf(room.space)}`.toLowerCase().includes(words);
}

// --- what /sim/state tells ---

function absorb(update) {
  if (update.seq < known.seq || (known.seq && update.epoch !== known.epoch)) return location.reload();
  known.seq = update.seq;
  known.epoch = update.epoch;
  known.bot = update.bot;
  known.typed = update.typed;
  setText($("bot-name"), update.bot.name);
  setText($("bot-line"), "A rehearsal. Nothing leaves this machine.");
  (update.people || []).forEach((person) => known.people.set(person.id, person));
  absorbSpaces(update.spaces || []);
  (update.messages || []).forEach(absorbMessage);
  (update.gone || []).forEach(absorbGone);
  absorbNotes(update.notes || {});
  absorbSettings(update.settings || {});
  showPeople();
  endRound();
  schedule();
}

function absorbSpaces(spaces) {
  const fresh = document.createDocumentFragment();
  for (const space of spaces) {
    const room = known.rooms.get(space.id);
    if (room) { absorbSpace(room, space); continue; }
    const added = { space, tile: newTile(space), copies: 0, last: null, lastSeq: 0, recalled: "", messages: [] };
    known.rooms.set(space.id, added);
    view.dirty.add(added);
    fresh.append(added.tile.node);
  }
  if (fresh.childElementCount) { $("tiles").append(fresh); view.spacesChanged = true; }
  if (spaces.length < known.rooms.size) forgetRooms(new Set(spaces.map((space) => space.id)));
}

function absorbSpace(room, space) {
  const same = room.space.title === space.title && room.space.announcement_only === space.announcement_only && ownerOf(room.space) === ownerOf(space);
  room.space = space;
  if (!same) view.dirty.add(room);
}

function forgetRooms(alive) {
  for (const [id, room] of known.rooms) {
    if (alive.has(id)) continue;
    room.tile.node.remove();
    known.rooms.delete(id);
    view.spacesChanged = true;
  }
}

function absorbNotes(notes) {
  for (const id of new Set([...Object.keys(notes), ...Object.keys(known.notes)])) {
    const [now, before, room] = [notes[id], known.notes[id], known.rooms.get(id)];
    if (!room || (now?.state === before?.state && now?.reason === before?.reason)) continue;
    view.dirty.add(room);
    if (now) begin();
  }
  known.notes = notes;
}

function absorbMessage(message) {
  const room = known.rooms.get(message.room_id);
  if (!room) return;
  const isNew = !known.messages.has(message.id);
  known.messages.set(message.id, message);
  if (isNew) arrive(room, message); else change(room, message);
  if (view.room === message.room_id) showMessage($("talk"), message);
  if (view.open === message.room_id) showMessage($("room-talk"), message);
}

function arrive(room, message) {
  room.messages.push(message.id);
  if (!isFromBot(message)) return isOrder(message) ? ask(message) : undefined;
  if (message.parent_id) return answer(message);
  if (!isCopy(message)) return;
  if (!round.last && round.answer?.card) round.began = Date.parse(message.created); // what the person took to decide is not the bot's time
  room.copies += 1;
  room.last = message.id;
  room.lastSeq = message.seq;
  begin();
  Object.assign(round, { last: Date.parse(message.created), answered: 0, active: true }); // an answer before a copy was not the last word
  view.dirty.add(room);
}

function change(room, message) {
  if (round.ask?.id === message.id) round.ask = message;
  if (!isCopy(message)) return;
  room.lastSeq = message.seq;
  view.dirty.add(room);
}

function absorbGone(gone) {
  const room = known.rooms.get(gone.room_id);
  if (!room) return;
  const was = known.messages.get(gone.id);
  if (was) {
    known.messages.delete(gone.id);
    room.messages = room.messages.filter((id) => id !== gone.id);
    if (isCopy(was)) room.copies -= 1;
    for (const list of [$("talk"), $("room-talk")]) unshowMessage(list, gone.id);
  }
  if (gone.from_id === known.bot.id && !gone.parent_id) takeBack(room, gone);
}

function takeBack(room, gone) {
  room.recalled = room.recalled > gone.created ? room.recalled : gone.created;
  room.lastSeq = gone.seq;
  if (!known.messages.has(room.last)) room.last = room.messages.findLast((id) => isCopy(known.messages.get(id))) || null;
  view.dirty.add(room);
}

// What the bot writes outside of threads is a copy, but for a word to the sender whose message has gone: a copy names its sender.
function isCopy(message) {
  if (!isFromBot(message) || message.parent_id) return false;
  const isOfAnybody = message.room_id !== round.ask?.room_id || message.card || message.files.length;
  return Boolean(isOfAnybody || message.text.includes(round.ask.from));
}

// --- a round: from what a person wrote to the bot to the last copy of it ---

function ask(message) {
  Object.assign(round, {
    ask: message, start: message.created, began: Date.parse(message.created), last: 0, begun: false, answered: 0, answer: null, active: true, seen: [],
  });
  known.rooms.forEach((other) => view.dirty.add(other));
}

function begin() {
  if (!round.ask || round.begun) return;
  round.begun = true;
  known.rooms.forEach((room) => view.dirty.add(room));
}

function answer(message) {
  if (round.ask && message.parent_id === round.ask.id) Object.assign(round, { answered: performance.now(), answer: message });
}

// The bot's answer under the question ends a round; copies still on their way get a moment.
function endRound() {
  if (!round.active) return;
  const patience = round.begun ? 4000 : 1200;
  const answered = round.answered && performance.now() - round.answered > patience;
  const complete = round.begun && !tally().waiting;
  if (!answered && !complete) return;
  round.active = false;
  known.rooms.forEach((room) => view.dirty.add(room));
}

function tally() {
  const counts = { all: 0, arrived: 0, waiting: 0, recalled: 0, skipped: 0, failed: 0, unknown: 0, idle: 0 };
  known.rooms.forEach((room) => { counts.all += 1; counts[stateOf(room)] += 1; });
  return counts;
}

function speed(arrived) {
  const now = performance.now();
  round.seen.push([now, arrived]);
  while (round.seen.length > 2 && now - round.seen[0][0] > 4000) round.seen.shift();
  const [then, before] = round.seen[0];
  return now - then > 400 ? (arrived - before) * 1000 / (now - then) : 0;
}

function elapsed(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;
}

// --- painting: at most once a frame, and only what changed ---

function schedule() {
  if (!view.frame) view.frame = requestAnimationFrame(paint);
}

function paint() {
  view.frame = 0;
  view.dirty.forEach(paintTile);
  view.dirty.clear();
  const counts = tally();
  paintFilters(counts);
  paintRun(counts);
  if (view.spacesChanged) paintPlaces();
  $("nothing").hidden = [...known.rooms.values()].some((room) => !room.tile.node.hidden);
  $("tiles").classList.toggle("dense", known.rooms.size > MANY);
}

function paintAll() {
  known.rooms.forEach((room) => view.dirty.add(room));
  schedule();
}

function paintRun(counts) {
  if (!round.begun) return paintPending();
  const planned = counts.arrived + counts.waiting + counts.failed + counts.unknown;
  const seconds = Math.max((round.active ? Date.now() : round.last) - round.began, 0) / 1000;
  const rate = round.active ? speed(counts.arrived) : counts.arrived / Math.max(seconds, 0.1);
  const parts = [`${number(Math.round(rate))}/s`, elapsed(seconds)];
  for (const name of ["unknown", "failed", "skipped"]) if (counts[name]) parts.unshift(`${number(counts[name])} ${STATES[name].toLowerCase()}`);
  const copies = roundCopies();
  const edited = copies.filter(isChanged).length;
  if (counts.recalled) return showChange("recalled", counts.recalled, counts.recalled + copies.length);
  if (edited) return showChange("edited", edited, copies.length);
  showRun(`${number(counts.arrived)} of ${number(planned)} arrived`, parts.join(" · "), planned, counts.arrived);
}

const roundCopies = () => [...known.rooms.values()].map((room) => known.messages.get(room.last)).filter((copy) => copy && copy.created >= round.start);

// Whether a copy has changed since the sender changed the message – or at all, if it was asked for in another way.
const isChanged = (copy) => copy.updated && copy.updated >= (round.ask.updated || round.start);

function showChange(word, done, total) {
  const how = word === "edited" ? "Each copy is changed in place" : "Each copy is taken back";
  showRun(`${number(done)} of ${number(total)} ${word}`, how, total, done);
}

function paintPending() {
  if (!round.ask) return showRun("No broadcast yet", "Write a message to start one", 1, 0);
  if (round.answered && round.answer.card) return showRun("The bot asks first", "Press a button on its card in the thread", 1, 0);
  if (round.answered) return showRun("Nothing was broadcast", "The bot’s answer is in the thread", 1, 0);
  showRun("The bot is reading the message", `from ${round.ask.from}`, 0, 0);
}

function showRun(title, numbers, planned, arrived) {
  setText($("run-title"), title);
  setText($("run-numbers"), numbers);
  if (planned) Object.assign($("run-bar"), { max: planned, value: arrived }); else $("run-bar").removeAttribute("value");
  const settled = !round.active || performance.now() - view.spokenAt > 4000;
  if (settled && $("spoken").textContent !== title) { view.spokenAt = performance.now(); $("spoken").textContent = title; }
}

function paintFilters(counts) {
  for (const [name, label] of [["all", "All"], ...Object.entries(STATES)]) {
    const filter = view.filters[name] ||= newFilter(name, label);
    setText(filter.lastElementChild, number(counts[name]));
    filter.setAttribute("aria-pressed", String(view.filter === name));
    filter.hidden = !counts[name] && !["all", "arrived", "skipped"].includes(name) && view.filter !== name;
  }
}

function newFilter(name, label) {
  const filter = el("button", { type: "button" }, ...(name === "all" ? [] : [el("span", { className: "mark" }, icon(name))]), label, el("b"));
  filter.dataset.state = name;
  filter.addEventListener("click", () => { view.filter = name; paintAll(); });
  $("filters").append(filter);
  return filter;
}
