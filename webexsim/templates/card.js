"use strict";
// An Adaptive Card as Webex shows it: texts, facts, columns, inputs and buttons of version 1.3. What it does not know
// it leaves out. Pictures are named, not loaded: this page asks for nothing from outside.

const PARTS = {
  TextBlock: cardText, RichTextBlock: cardText, FactSet: cardFacts, ColumnSet: cardColumns, Image: cardImage,
  Container: cardBox, Column: cardBox, ImageSet: (part, card) => cardBox({ items: part.images }, card),
  ActionSet: (part, card) => cardActions(part.actions, card),
  "Input.Text": cardInput, "Input.Number": cardInput, "Input.Date": cardInput, "Input.Time": cardInput,
  "Input.Toggle": cardToggle, "Input.ChoiceSet": cardChoice,
};
const CARD_WORDS = new Set("Bolder Lighter Small Medium Large ExtraLarge Monospace Accent Good Attention Warning Light Dark".split(" "));

// `press` takes the inputs of the button that was pressed; without it the card can be read only, and `why` says why.
function cardNode(content, press, why = "") {
  const node = el("div", { className: "card", role: "group", "aria-label": "Adaptive Card" });
  const card = { node, press, why, note: el("p", { className: "card-note small", role: "status" }) };
  node.append(...cardParts(content.body, card), ...(content.actions?.length ? [cardActions(content.actions, card)] : []), card.note);
  return node;
}

const cardParts = (parts, card) => (parts || []).map((part) => cardPart(part, card)).filter(Boolean);

function cardPart(part, card) {
  const node = PARTS[part.type]?.(part, card);
  if (!node) return null;
  if (part.id) node.dataset.part = part.id;
  if (part.isVisible === false) node.hidden = true;
  if (part.separator) node.classList.add("separated");
  if (/^(None|Small|Large|ExtraLarge)$/i.test(part.spacing || "")) node.classList.add(`space-${part.spacing.toLowerCase()}`);
  return node;
}

// --- text: **bold**, _italic_, [links](…); nothing else of Markdown means anything in a card ---

const CARD_MARKS = /\\([\\`*_{}[\]()#+\-.!<>~|])|\[((?:\\.|[^\]\\])*)\]\(([^()\s]+)\)|\*\*(?=\S)(.+?)\*\*|(?<!\w)_(?=\S)(.+?)_(?!\w)|\*(?=\S)(.+?)\*/;

function cardMarkdown(text) {
  const match = CARD_MARKS.exec(text);
  if (!match) return linked(text);
  const [all, escaped, label, href, strong, under, star] = match;
  return [...linked(text.slice(0, match.index)), cardSpan({ all, escaped, label, href, strong, em: under ?? star }), ...cardMarkdown(text.slice(match.index + all.length))];
}

function cardSpan({ all, escaped, label, href, strong, em }) {
  if (escaped) return escaped;
  if (strong) return el("strong", {}, ...cardMarkdown(strong));
  if (em) return el("em", {}, ...cardMarkdown(em));
  if (!LINKS.test(href)) return all;
  const link = anchor(href);
  link.append(label.replace(/\\(.)/g, "$1"));
  return named(link);
}

function cardText(part) {
  const text = part.text ?? (part.inlines || []).map((run) => run.text ?? run).join("");
  const looks = [part.weight, part.size, part.color, part.fontType].filter((word) => CARD_WORDS.has(word));
  const node = el("div", { className: ["text", ...looks, part.isSubtle ? "subtle" : "", part.wrap || part.inlines ? "plain" : "clipped"].join(" ") }, ...cardMarkdown(String(text).replace(/^[-*] /gm, "• ")));
  if (/^(center|right)$/i.test(part.horizontalAlignment || "")) node.style.textAlign = part.horizontalAlignment.toLowerCase();
  return node;
}

// --- boxes ---

function cardFacts(part) {
  const facts = (part.facts || []).flatMap((fact) => [el("b", {}, String(fact.title)), el("span", {}, ...cardMarkdown(String(fact.value)))]);
  return el("div", { className: "facts" }, ...facts);
}

function cardBox(part, card) {
  const style = /^(emphasis|good|attention|warning|accent)$/.test(part.style || "") ? ` style-${part.style}` : "";
  return el("div", { className: `box${style}` }, ...cardParts(part.items, card));
}

function cardColumns(part, card) {
  const columns = (part.columns || []).map((column) => {
    const node = cardPart({ ...column, type: "Column" }, card);
    const width = column.width ?? "stretch";
    node.style.flex = width === "auto" ? "0 1 auto" : `${Number(width) || 1} 1 0`;
    return node;
  });
  return el("div", { className: "columns" }, ...columns);
}

function cardImage(part) {
  return el("span", { className: "chip" }, icon("image"), el("span", {}, part.altText || "Picture"));
}

// --- inputs: each node of one carries `read` (its value) and `isFilled` ---

function field(part, control, read) {
  const node = el("label", { className: "field" });
  const words = part.label || (part.placeholder ? "" : part.id);
  if (words) node.append(el("span", {}, words, part.isRequired ? el("b", { className: "must" }, " *") : ""));
  node.append(control);
  return asInput(node, part, read);
}

function asInput(node, part, read, isFilled = () => read() !== "") {
  node.dataset.input = part.id;
  Object.assign(node, { read, isFilled, isRequired: Boolean(part.isRequired), complaint: part.errorMessage || `${part.label || part.id} is needed.` });
  return node;
}

function cardInput(part) {
  const kinds = { "Input.Number": "number", "Input.Date": "date", "Input.Time": "time" };
  const props = { placeholder: part.placeholder || "", value: String(part.value ?? ""), "aria-label": part.label || part.placeholder || part.id };
  if (part.maxLength > 0) props.maxLength = part.maxLength;
  const control = part.isMultiline ? el("textarea", { rows: 3, ...props }) : el("input", { type: kinds[part.type] || "text", ...props });
  return field(part, control, () => control.value.trim());
}

function cardToggle(part) {
  const [on, off] = [part.valueOn ?? "true", part.valueOff ?? "false"];
  const box = el("input", { type: "checkbox", checked: part.value === on });
  const node = el("label", { className: "check" }, box, el("span", {}, ...cardMarkdown(String(part.title || part.id))));
  return asInput(node, part, () => (box.checked ? on : off), () => box.checked);
}

function cardChoice(part) {
  const chosen = new Set(String(part.value ?? "").split(","));
  if (part.isMultiSelect || part.style === "expanded") return cardChoices(part, chosen);
  const options = (part.choices || []).map((choice) => el("option", { value: choice.value, selected: chosen.has(choice.value) }, choice.title));
  const control = el("select", { "aria-label": part.label || part.id }, el("option", { value: "" }, part.placeholder || "Choose …"), ...options);
  return field(part, control, () => control.value);
}

function cardChoices(part, chosen) {
  const group = `choice-${cardChoices.count = (cardChoices.count || 0) + 1}`;
  const boxes = (part.choices || []).map((choice) => el("input", { type: part.isMultiSelect ? "checkbox" : "radio", name: group, value: choice.value, checked: chosen.has(choice.value) }));
  const rows = boxes.map((box, at) => el("label", { className: "check" }, box, el("span", {}, part.choices[at].title)));
  const node = el("fieldset", { className: "choices" }, ...(part.label ? [el("legend", {}, part.label)] : []), ...rows);
  return asInput(node, part, () => boxes.filter((box) => box.checked).map((box) => box.value).join(","));
}

// --- buttons ---

const DEEDS = { "Action.Submit": cardSubmit, "Action.OpenUrl": cardOpen, "Action.ShowCard": cardUnfold, "Action.ToggleVisibility": cardReveal };

function cardActions(actions, card) {
  const row = el("div", { className: "actions" });
  const node = el("div", {}, row);
  row.append(...(actions || []).map((action) => DEEDS[action.type]?.(action, card, node)).filter(Boolean));
  return node;
}

function cardButton(action, act) {
  const style = /^(positive|destructive)$/.test(action.style || "") ? ` ${action.style}` : "";
  return button(`action${style}`, String(action.title || "Action"), act);
}

function cardSubmit(action, card) {
  const node = cardButton(action, () => submitCard(action, card, node));
  if (!card.press) Object.assign(node, { disabled: true, title: card.why });
  return node;
}

async function submitCard(action, card, pressed) {
  const inputs = action.associatedInputs === "none" ? [] : [...card.node.querySelectorAll("[data-input]")];
  const missing = inputs.find((input) => input.isRequired && !input.isFilled());
  setText(card.note, missing ? missing.complaint : "");
  if (missing) return missing.querySelector("input, select, textarea")?.focus();
  const data = action.data && typeof action.data === "object" ? action.data : {};
  pressed.disabled = true;
  try {
    await card.press({ ...data, ...Object.fromEntries(inputs.map((input) => [input.dataset.input, input.read()])) });
    setText(card.note, `Sent: ${pressed.textContent}`);
  } catch (error) {
    setText(card.note, `That did not work: ${error.message}`);
  }
  pressed.disabled = false;
}

function cardOpen(action) {
  if (!LINKS.test(action.url || "")) return null;
  const link = anchor(action.url, { className: "action" });
  link.append(String(action.title || action.url));
  return named(link);
}

function cardUnfold(action, card, place) {
  const inner = el("div", { className: "box style-emphasis", hidden: true }, ...cardParts(action.card?.body, card), ...(action.card?.actions ? [cardActions(action.card.actions, card)] : []));
  place.append(inner);
  return cardButton(action, () => { inner.hidden = !inner.hidden; });
}

function cardReveal(action, card) {
  return cardButton(action, () => (action.targetElements || []).forEach((target) => {
    const node = card.node.querySelector(`[data-part="${CSS.escape(target.elementId || target)}"]`);
    if (node) node.hidden = "isVisible" in Object(target) ? !target.isVisible : !node.hidden;
  }));
}
