// The mailbox page: asks for new mails every second while it is seen, lists them, shows one.

const POLL_MS = 1000
const PAGE = 50
const MOST_ROWS = 500

const by = (id) => document.getElementById(id)
const mails = new Map() // id -> mail; every row of the list, newest id highest
let open = null // the mail being read; stays open when the mailbox forgets it
let view = "html"
let newest = 0
let exhausted = false // nothing older than the last row
let generation = 0 // answers to questions asked before the filter changed are dropped

// ── asking ──────────────────────────────────────────────────────────────────

async function ask(query) {
  const asked = generation
  const words = new URLSearchParams({ ...query, to: by("to").value.trim(), limit: PAGE })
  const response = await fetch(`/simulator/mailbox.json?${words}`, { cache: "no-store" })
  if (!response.ok) throw new Error(`the mailbox answered ${response.status}`)
  const answer = await response.json()
  return asked === generation ? answer : null
}

async function refresh() {
  const answer = await ask({ after: newest })
  if (answer === null) return
  // A full page may have left some out between its last mail and our first: begin anew from it.
  if (answer.mails.length === PAGE && mails.size > 0) forgetAll()
  forgetBelow(answer.oldest ?? Infinity)
  if (mails.size === 0) exhausted = answer.mails.length < PAGE
  prepend(answer.mails)
  trim()
  drawState(answer.total)
}

async function showOlder() {
  const answer = await ask({ before: Math.min(...mails.keys()) })
  if (answer === null) return
  by("mails").append(...rows(answer.mails))
  exhausted = answer.mails.length < PAGE
  drawState(answer.total)
}

let polling = null

async function poll() {
  clearTimeout(polling)
  try {
    await refresh()
  } catch {
    by("status").dataset.state = "lost"
    by("status-text").textContent = "No answer; trying again…"
  }
  clearTimeout(polling)
  if (!document.hidden) polling = setTimeout(poll, POLL_MS)
}

function restart() {
  generation += 1
  forgetAll()
  poll()
}

// ── the list ────────────────────────────────────────────────────────────────

function keep(mail) {
  mails.set(mail.id, mail)
  newest = Math.max(newest, mail.id)
  return mail
}

function forgetAll() {
  mails.clear()
  newest = 0
  exhausted = false
  by("mails").replaceChildren()
}

function forgetBelow(oldest) {
  for (const element of [...by("mails").children].reverse()) {
    const id = Number(element.dataset.id)
    if (id >= oldest) return
    mails.delete(id)
    element.remove()
  }
}

function prepend(fresh) {
  const first = mails.size === 0
  const arrived = rows(fresh)
  if (!first) arrived.forEach((element) => element.classList.add("arrived"))
  by("mails").prepend(...arrived)
}

// Two questions may be under way at once and bring the same mail twice.
function rows(some) {
  return some.filter((mail) => !mails.has(mail.id)).map((mail) => row(keep(mail)))
}

function trim() {
  while (mails.size > MOST_ROWS) {
    const last = by("mails").lastElementChild
    mails.delete(Number(last.dataset.id))
    last.remove()
    exhausted = false
  }
}

function row(mail) {
  const element = by("row").content.firstElementChild.cloneNode(true)
  const part = (name) => element.querySelector(`.${name}`)
  element.dataset.id = mail.id
  part("row").href = `#${mail.id}`
  if (open?.id === mail.id) part("row").setAttribute("aria-current", "true")
  part("face").textContent = [...mail.to][0]?.toLocaleUpperCase() ?? "?"
  part("face").style.setProperty("--hue", hue(mail.to))
  part("who").textContent = mail.to
  part("what").replaceChildren(subject(mail))
  part("snippet").textContent = snippet(mail)
  fillTime(part("when"), mail.at, true)
  return element
}

function subject(mail) {
  if (mail.subject) return mail.subject
  return faint("(no subject)")
}

function faint(text) {
  return Object.assign(document.createElement("span"), { className: "none", textContent: text })
}

function snippet(mail) {
  if (mail.text?.trim()) return mail.text.slice(0, 400).replace(/\s+/g, " ").trim().slice(0, 160)
  return mail.html ? "HTML only" : "(empty)"
}

function hue(address) {
  let sum = 0
  for (const letter of address) sum = (sum * 31 + letter.codePointAt(0)) % 360
  return sum
}

function fillTime(element, at, short) {
  const moment = new Date(at)
  const today = moment.toDateString() === new Date().toDateString()
  element.dateTime = at
  element.title = moment.toLocaleString()
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" }
  if (!short) element.textContent = moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" })
  else if (today) element.textContent = moment.toLocaleTimeString(undefined, clock)
  else element.textContent = moment.toLocaleDateString(undefined, { day: "numeric", month: "short" })
}

function drawState(total) {
  const filter = by("to").value.trim()
  const word = total === 1 ? "mail" : "mails"
  by("status").dataset.state = "live"
  // The text is announced, so it changes only when it says something new.
  const text = `${total.toLocaleString()} ${word}`
  if (by("status-text").textContent !== text) by("status-text").textContent = text
  by("show-emptying").disabled = total === 0
  by("older").hidden = exhausted || mails.size === 0
  by("nothing").hidden = mails.size > 0
  by("unread").hidden = mails.size === 0 || open !== null
  by("nothing-title").textContent = filter && total ? "No mail for this recipient" : "No mail yet"
  by("nothing-text").textContent = filter && total
    ? `None of the ${total.toLocaleString()} ${word} here was sent to “${filter}”.`
    : "It appears here as soon as it is taken. Some addresses bounce, defer or hang: see Scripted addresses."
}

// ── the reader ──────────────────────────────────────────────────────────────

async function openFromAddress() {
  const id = Number(location.hash.slice(1))
  if (!id) return close()
  const mail = mails.get(id) ?? (await fetchOne(id))
  if (mail) show(mail)
}

async function fetchOne(id) {
  const response = await fetch(`/simulator/mailbox.json?after=${id - 1}&before=${id + 1}&limit=1`)
  return response.ok ? (await response.json()).mails[0] : undefined
}

function show(mail) {
  open = mail
  mark()
  by("panes").dataset.open = "mail"
  by("unread").hidden = true
  by("mail").hidden = false
  by("subject").replaceChildren(subject(mail))
  by("from").textContent = mail.from || "(nobody)"
  by("recipient").textContent = mail.to
  fillTime(by("at"), mail.at, false)
  by("source").href = `/simulator/mailbox/${mail.id}.eml`
  by("view-html").disabled = mail.html === null
  by("view-text").disabled = mail.text === null
  drawBody()
}

function close() {
  open = null
  mark()
  by("panes").dataset.open = "list"
  by("mail").hidden = true
  by("unread").hidden = false
  by("body").replaceChildren()
}

function mark() {
  for (const element of by("mails").children) {
    const current = Number(element.dataset.id) === open?.id
    if (current) element.firstElementChild.setAttribute("aria-current", "true")
    else element.firstElementChild.removeAttribute("aria-current")
  }
}

const BODIES = { html: htmlBody, text: textBody, details: detailsBody }

function drawBody() {
  const possible = ["html", "text", "details"].filter((name) => !by(`view-${name}`).disabled)
  const shown = possible.includes(view) ? view : possible[0]
  for (const name of Object.keys(BODIES)) by(`view-${name}`).setAttribute("aria-selected", String(name === shown))
  by("body").setAttribute("aria-labelledby", `view-${shown}`)
  by("body").replaceChildren(BODIES[shown](open))
}

function htmlBody(mail) {
  const frame = document.createElement("iframe")
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox")
  frame.title = "The mail as HTML, without scripts and remote images"
  frame.src = `/simulator/mailbox/${mail.id}.html`
  return frame
}

function textBody(mail) {
  const element = document.createElement("div")
  element.className = "text"
  element.dir = "auto"
  if (mail.text?.trim()) element.append(...linked(mail.text))
  else element.append(faint("(empty)"))
  return element
}

function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'])/).map((piece, n) => (n % 2 ? link(piece) : piece))
}

function link(address) {
  const element = document.createElement("a")
  Object.assign(element, { href: address, textContent: address, target: "_blank", rel: "noopener noreferrer" })
  return element
}

function detailsBody(mail) {
  const list = document.createElement("dl")
  list.className = "details"
  const facts = { Id: mail.id, "Message-ID": mail.messageId ?? "none", ...mail.headers }
  for (const [name, value] of Object.entries(facts)) {
    list.append(Object.assign(document.createElement("dt"), { textContent: name }))
    list.append(Object.assign(document.createElement("dd"), { textContent: value, dir: "auto" }))
  }
  return list
}

// ── what the reader of the page does ────────────────────────────────────────

function step(by_rows) {
  const rows = [...by("mails").children]
  const at = rows.findIndex((element) => Number(element.dataset.id) === open?.id)
  const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by_rows, 0), rows.length - 1)]
  if (!next) return
  location.hash = next.dataset.id
  next.scrollIntoView({ block: "nearest" })
}

function onKey(event) {
  if (event.target.closest("input, dialog") || event.ctrlKey || event.metaKey || event.altKey) return
  const keys = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }
  if (!(event.key in keys) || event.target.closest(".reader")) return
  event.preventDefault()
  step(keys[event.key])
}

function stepTab(event) {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]:enabled")]
  const at = tabs.indexOf(document.activeElement)
  if (at < 0) return
  const next = tabs[(at + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length]
  next.focus()
  next.click()
}

async function onEmptied() {
  if (by("emptying").returnValue !== "empty") return
  await fetch("/simulator/mailbox.json", { method: "DELETE" })
  history.replaceState(null, "", location.pathname)
  close()
  restart()
}

let typing = null
by("to").addEventListener("input", () => {
  clearTimeout(typing)
  typing = setTimeout(restart, 150)
})
by("filter").addEventListener("submit", (event) => event.preventDefault())
by("older").addEventListener("click", showOlder)
by("back").addEventListener("click", () => { location.hash = "" })
by("show-scripts").addEventListener("click", () => by("scripts").showModal())
by("show-emptying").addEventListener("click", () => by("emptying").showModal())
by("emptying").addEventListener("close", onEmptied)
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => { view = tab.dataset.view; drawBody() })
}
document.querySelector("[role=tablist]").addEventListener("keydown", stepTab)
document.addEventListener("keydown", onKey)
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll() })
window.addEventListener("hashchange", openFromAddress)

await poll()
await openFromAddress()
