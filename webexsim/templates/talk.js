"use strict";
// A conversation: messages with their threads, and what a person can do to them. A list knows its `nodes` by message id
// and its `viewer`, the person who may write there; without one it can be read only.

const STEERING = ["status", "cancel", "recall", "retry", "report", "help"];

const isCommand = (message) => (known.typed[message.id] ?? message.text).startsWith("/");
const isFromBot = (message) => message.from_id === known.bot?.id;

function isForBot(message) {
  const room = known.rooms.get(message.room_id);
  if (isFromBot(message) || !room || !hasMember(room.space, known.bot?.id)) return false;
  return room.space.type === "direct" || (message.html || "").includes(known.bot.id);
}

// Whether the bot may pass it on: said to it, neither in a thread nor as a question to the bot itself.
const isOrder = (message) => isForBot(message) && !message.parent_id && !isCommand(message);

// --- one message ---

function messageText(message) {
  if (message.html) return el("div", { className: "bubble" }, safeHtml(message.html));
  return el("div", { className: "bubble plain" }, ...linked(message.text || message.markdown || ""));
}

function sizeOf(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : bytes < 1048576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function fileNode(file, url) {
  const isPicture = /^image\/(png|jpeg|gif|webp)$/.test(file.type || "");
  const label = [icon(isPicture ? "image" : "file"), el("span", {}, file.name), el("small", {}, sizeOf(file.size || 0))];
  const chip = el("a", { className: "chip", href: url, download: file.name, title: `Download ${file.name}` }, ...label);
  if (!isPicture) return chip;
  return el("div", {}, el("img", { className: "picture", src: url, alt: file.name, loading: "lazy" }), chip);
}

function messageCard(list, message) {
  const person = known.people.get(list.viewer || view.person);
  const may = person && hasMember(known.rooms.get(message.room_id).space, person.id);
  const press = (inputs) => post("/sim/press", { person_id: person.id, message_id: message.id, inputs });
  return cardNode(message.card, may ? press : null, `${person?.name || "Nobody"} is not in this space.`);
}

// Beside a card the text is for clients that cannot show the card (assumed: Webex's description says "alternate text").
function besideCard(message) {
  return el("details", { className: "beside" }, el("summary", {}, "Text beside the card"), messageText(message));
}

function messageBody(list, message) {
  const body = el("div", { className: "body" }, el("div", { className: "who" }, el("b", {}, message.from), ` ${clock(message.created)}`));
  if (message.updated) body.firstChild.append(" · ", el("span", { className: "edited" }, "edited"));
  const hasText = message.html || message.text || message.markdown;
  if (message.card) body.append(messageCard(list, message));
  if (hasText) body.append(message.card ? besideCard(message) : messageText(message));
  (message.files || []).forEach((file, number) => body.append(fileNode(file, `/sim/file?message=${message.id}&n=${number}`)));
  if (list.viewer) body.append(...toolsNode(list, message));
  return body;
}

function toolsNode(list, message) {
  if (message.parent_id) return [];
  const tools = [button("tool", "Reply", () => openReply(list, message.id, true))];
  if (message.from_id === list.viewer) {
    tools.push(button("tool", "Edit", () => editMessage(list, message)), button("tool", "Delete", () => attempt(() => deleteMessage(message))));
  }
  return [el("div", { className: "tools" }, ...tools)];
}

function messageNode(list, message) {
  const mine = message.from_id === list.viewer ? " mine" : "";
  return el("li", { className: `message${mine}` }, avatar(message.from), messageBody(list, message), ...(message.parent_id ? [] : [threadNode()]));
}

const threadNode = () => el("div", { className: "thread" }, el("ol"));
const bodyOf = (node) => node.querySelector(":scope > .body");
const threadOf = (node) => node.querySelector(":scope > .thread");

// What is left where a message was: its thread goes on without it.
function deletedNode(list, id) {
  const body = el("div", { className: "body" }, el("div", { className: "bubble deleted" }, "This message was deleted."));
  const node = el("li", { className: "message" }, el("span", { className: "avatar none", "aria-hidden": "true" }), body, threadNode());
  list.nodes.set(id, node);
  return node;
}

// --- a conversation ---

function showMessage(list, message) {
  const before = list.nodes.get(message.id);
  if (before) return bodyOf(before).replaceWith(messageBody(list, message));
  const node = messageNode(list, message);
  list.nodes.set(message.id, node);
  list.querySelector(".empty")?.remove();
  (message.parent_id ? threadOf(rootOf(list, message.parent_id)).firstChild : list).append(node);
  if (list.viewer && message.from_id === list.viewer && isOrder(message)) openReply(list, message.id, false);
  reveal(list, message.parent_id ? list.nodes.get(message.parent_id) : node);
  reveal(list, node);
}

function rootOf(list, id) {
  if (!list.nodes.has(id)) list.append(deletedNode(list, id));
  return list.nodes.get(id);
}

function unshowMessage(list, id) {
  const node = list.nodes?.get(id);
  if (!node) return;
  if (node.parentNode !== list) return void node.remove();
  const left = deletedNode(list, id);
  threadOf(left).replaceWith(threadOf(node));
  threadOf(left).querySelector(".reply")?.remove();
  node.replaceWith(left);
}

// Scrolls the conversation only: scrollIntoView would move the whole page on a phone.
function reveal(list, node) {
  const [inner, outer] = [node.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.bottom > outer.bottom - 12) list.scrollTop += inner.bottom - outer.bottom + 14;
  else if (inner.top < outer.top) list.scrollTop += inner.top - outer.top - 14;
}

function showConversation(list, room, viewer, empty) {
  Object.assign(list, { nodes: new Map(), viewer });
  list.replaceChildren();
  if (room) room.messages.forEach((id) => showMessage(list, known.messages.get(id)));
  if (!list.childElementCount) list.append(el("li", { className: "empty" }, icon("waves"), empty));
}

// --- replying: the newest message to the bot has its thread open, with the words that steer it ---

function openReply(list, id, byHand) {
  const thread = threadOf(list.nodes.get(id));
  list.querySelectorAll(".reply").forEach((form) => { if (!thread.contains(form) && !form.elements.reply.value) form.remove(); });
  if (!thread.querySelector(".reply")) thread.append(replyForm(list, known.messages.get(id)));
  if (!byHand) return;
  reveal(list, thread);
  thread.querySelector("input").focus({ preventScroll: true });
}

function replyForm(list, message) {
  const box = el("input", { name: "reply", type: "text", autocomplete: "off", placeholder: "Reply in the thread", "aria-label": "Reply in the thread" });
  const send = (text) => attempt(async () => { await reply(message, text); box.value = ""; });
  const words = STEERING.map((word) => button("word", word, () => send(word)));
  const form = el("form", { className: "reply" },
    ...(isOrder(message) ? [el("div", { className: "words", role: "group", "aria-label": "Words that steer this broadcast" }, el("span", {}, "Reply"), ...words)] : []),
    el("div", { className: "line" }, box, el("button", { type: "submit", className: "button bare", "aria-label": "Send the reply" }, icon("send"))));
  form.addEventListener("submit", (event) => { event.preventDefault(); if (box.value.trim()) send(box.value.trim()); });
  return form;
}

const reply = (message, text) => post("/sim/say", { person_id: view.person, room_id: message.room_id, parent_id: message.id, text });

// --- editing and deleting one's own ---

function editMessage(list, message) {
  const body = bodyOf(list.nodes.get(message.id));
  const box = el("textarea", { rows: 3, value: known.typed[message.id] ?? message.text, "aria-label": "Edit your message" });
  const stop = () => body.replaceWith(messageBody(list, known.messages.get(message.id)));
  const save = () => attempt(async () => {
    if (box.value.trim()) await post("/sim/edit", { person_id: view.person, message_id: message.id, text: box.value });
  });
  const form = el("form", { className: "edit" }, box, el("div", { className: "row" },
    el("button", { type: "submit", className: "button primary" }, "Save"), button("button", "Cancel", stop)));
  form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); save(); }
  });
  body.replaceChildren(form);
  box.focus({ preventScroll: true });
  reveal(list, form);
}

const deleteMessage = (message) => post("/sim/delete", { person_id: view.person, message_id: message.id });
