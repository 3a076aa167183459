// Elements without a framework: a tag, its properties, its children.

type Child = Node | string;

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  set: Partial<Omit<HTMLElementTagNameMap[Tag], "style">> & { role?: string } = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const found = document.createElement(tag);
  Object.assign(found, set);
  found.append(...children);
  return found;
}

export function button(label: string, click: () => unknown, title = ""): HTMLButtonElement {
  return make("button", { type: "button", textContent: label, title, onclick: () => void click() });
}

/** A list to choose from, with its label; `options` are values and what they are called. */
export function choice(label: string, chosen: (value: string) => void): { box: HTMLLabelElement; list: HTMLSelectElement } {
  const list = make("select", { onchange: () => chosen(list.value) });
  return { box: make("label", {}, make("span", { textContent: label }), list), list };
}

export function fill(list: HTMLSelectElement, options: [string, string, string?][], value: string): void {
  list.replaceChildren(...options.map(([value, textContent, title = ""]) => make("option", { value, textContent, title })));
  list.value = options.some(([each]) => each === value) ? value : (options[0]?.[0] ?? "");
}

/** The few signs of Markdown that hovers use, as elements: text of a spec never becomes markup. */
export function markdown(text: string): HTMLElement {
  const found = make("div", { className: "markdown" });
  for (const [at, part] of text.split(/^```.*\n?/m).entries()) {
    if (at % 2 === 1) {
      found.append(make("pre", { textContent: part.replace(/\n$/, "") }));
      continue;
    }
    for (const paragraph of part.split(/\n\n+/)) {
      if (paragraph.trim() === "---") found.append(make("hr"));
      else if (paragraph.trim() !== "") found.append(make("p", {}, ...inline(paragraph.trim())));
    }
  }
  return found;
}

function inline(text: string): Child[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`") && part.length > 2) return make("code", { textContent: part.slice(1, -1) });
    if (part.startsWith("**") && part.length > 4) return make("strong", { textContent: part.slice(2, -2) });
    return part.replace(/\\([\\`*_{}[\]()#+.!<>|~-])/g, "$1");
  });
}
