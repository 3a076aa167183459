// The text of one spec in CodeMirror. Colours, mistakes, types, completion and names are the engine's answers.

import {
  autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, undo } from "@codemirror/commands";
import { bracketMatching, indentService } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect, StateField, type ChangeSpec, type Text } from "@codemirror/state";
import {
  Decoration, EditorView, WidgetType, drawSelection, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap,
  lineNumbers, type DecorationSet,
} from "@codemirror/view";
import type { Client } from "./client";
import { markdown } from "./dom";

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

interface Edit {
  range: Range;
  newText: string;
}

export interface Problem {
  range: Range;
  severity: number;
  code: string;
  message: string;
  fixes: Fix[];
}

export interface Fix {
  title: string;
  edits: Edit[];
}

export interface Hooks {
  changed(): void;
  moved(): void;
  problems(found: Problem[]): void;
  ask(label: string, value: string): Promise<string | undefined>;
  failed(error: unknown): void;
  elsewhere(uri: string, position: Position): void;
}

const FIXES_AFTER = 600; // ms without a change after which fixes are looked for: that can take a hundred checks

const colours = StateEffect.define<DecorationSet>();
const types = StateEffect.define<DecorationSet>();

const decorated = (effect: typeof colours) =>
  StateField.define<DecorationSet>({
    create: () => Decoration.none,
    update(value, transaction) {
      for (const each of transaction.effects) if (each.is(effect)) return each.value;
      return value.map(transaction.changes);
    },
    provide: (field) => EditorView.decorations.from(field),
  });

const offset = (doc: Text, at: Position): number => {
  if (at.line >= doc.lines) return doc.length;
  const line = doc.line(at.line + 1);
  return Math.min(line.from + at.character, line.to);
};

const position = (doc: Text, at: number): Position => {
  const line = doc.lineAt(at);
  return { line: line.number - 1, character: at - line.from };
};

class TypeWidget extends WidgetType {
  constructor(readonly label: string) {
    super();
  }
  override eq(other: TypeWidget): boolean {
    return other.label === this.label;
  }
  toDOM(): HTMLElement {
    const found = document.createElement("span");
    found.className = "type";
    found.textContent = this.label;
    return found;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

export class Editor {
  readonly view: EditorView;
  uri = "";
  private version = 0;
  private kinds: string[] = [];
  private found: Problem[] = [];
  private timer = 0;
  private decorating = false;
  private loading = false;

  constructor(
    parent: HTMLElement,
    private client: Client,
    private hooks: Hooks,
    private label: () => string,
  ) {
    this.view = new EditorView({ parent, state: this.state("") });
  }

  private state(text: string): EditorState {
    return EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), history(), drawSelection(), highlightActiveLine(), highlightActiveLineGutter(), bracketMatching(),
        closeBrackets(), highlightSelectionMatches(), lintGutter(), decorated(colours), decorated(types),
        EditorState.tabSize.of(2),
        EditorState.languageData.of(() => [{ commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } }]),
        indentService.of((context, at) => {
          const before = context.lineAt(at, -1).text;
          const own = /^\s*/.exec(before)?.[0].length ?? 0;
          return own + (/\{\s*$/.test(before) ? 2 : 0);
        }),
        autocompletion({ override: [(context) => this.complete(context)] }),
        hoverTooltip((_, at) => this.hover(at)),
        EditorView.contentAttributes.of({ "aria-label": this.label(), spellcheck: "false" }),
        keymap.of([
          { key: "F2", run: () => (void this.rename(), true) },
          { key: "F12", run: () => (void this.definition(), true) },
          { key: "Shift-Alt-f", run: () => (void this.format(), true) },
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap,
        ]),
        EditorView.domEventHandlers({
          mousedown: (event, view) => {
            if (!event.ctrlKey && !event.metaKey) return false;
            const at = view.posAtCoords(event);
            if (at !== null) void this.definition(at);
            return at !== null;
          },
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !this.loading) this.changed();
          if (update.selectionSet || update.docChanged) this.hooks.moved();
        }),
      ],
    });
  }

  // ---- the document

  get text(): string {
    return this.view.state.doc.toString();
  }

  get caret(): Position {
    return position(this.view.state.doc, this.view.state.selection.main.head);
  }

  /** The text document that a request is about, and the caret. */
  get here(): { textDocument: { uri: string }; position: Position } {
    return { textDocument: { uri: this.uri }, position: this.caret };
  }

  /** What the engine has said that it can do: the names of the kinds of tokens. */
  began(capabilities: any): void {
    this.kinds = capabilities.semanticTokensProvider?.legend?.tokenTypes ?? [];
  }

  load(uri: string, text: string): void {
    if (this.uri !== "") this.client.notify("textDocument/didClose", { textDocument: { uri: this.uri } });
    this.uri = uri;
    this.found = [];
    this.loading = true;
    this.view.setState(this.state(text));
    this.loading = false;
    this.reopen();
  }

  /** Opens the text in an engine that does not have it: a new document, or a new engine. */
  reopen(): void {
    if (this.uri === "") return;
    const item = { uri: this.uri, languageId: "netspec", version: ++this.version, text: this.text };
    this.client.notify("textDocument/didOpen", { textDocument: item });
    this.hooks.changed();
    void this.decorate();
  }

  private changed(): void {
    const document = { uri: this.uri, version: ++this.version };
    this.client.notify("textDocument/didChange", { textDocument: document, contentChanges: [{ text: this.text }] });
    this.hooks.changed();
    void this.decorate();
  }

  goTo(at: Position, focus = true): void {
    const anchor = offset(this.view.state.doc, at);
    this.view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "nearest", yMargin: 60 }) });
    if (focus) this.view.focus();
  }

  undo(): void {
    undo(this.view);
  }

  apply(edits: Edit[]): void {
    const doc = this.view.state.doc;
    const changes: ChangeSpec[] = edits.map(({ range, newText }) => {
      return { from: offset(doc, range.start), to: offset(doc, range.end), insert: newText };
    });
    this.view.dispatch({ changes, userEvent: "input", scrollIntoView: true });
  }

  // ---- mistakes

  published(params: { uri: string; version?: number; diagnostics: Problem[] }): void {
    if (params.uri !== this.uri || (params.version ?? this.version) !== this.version) return;
    this.found = params.diagnostics.map((each) => ({ ...each, fixes: [] }));
    this.show();
    clearTimeout(this.timer);
    if (this.found.length > 0) this.timer = window.setTimeout(() => void this.fixes(), FIXES_AFTER);
  }

  private async fixes(): Promise<void> {
    const version = this.version;
    const doc = this.view.state.doc;
    const range = { start: { line: 0, character: 0 }, end: position(doc, doc.length) };
    const params = { textDocument: { uri: this.uri }, range, context: { diagnostics: [] } };
    const actions = await this.client.request<any[]>("textDocument/codeAction", params).catch(() => []);
    if (version !== this.version) return;
    for (const action of actions) {
      const [about] = action.diagnostics ?? [];
      const own = this.found.find((each) => each.code === about?.code && same(each.range, about.range));
      own?.fixes.push({ title: action.title, edits: action.edit.changes[this.uri] ?? [] });
    }
    this.show();
  }

  private show(): void {
    const doc = this.view.state.doc;
    const shown: Diagnostic[] = this.found.map((each) => ({
      from: offset(doc, each.range.start),
      to: offset(doc, each.range.end),
      severity: each.severity === 1 ? "error" : each.severity === 2 ? "warning" : "info",
      source: each.code,
      message: each.message,
      actions: each.fixes.map((fix) => ({ name: fix.title, apply: () => (this.apply(fix.edits), this.view.focus()) })),
    }));
    this.view.dispatch(setDiagnostics(this.view.state, shown));
    this.hooks.problems(this.found);
  }

  /** What may be changed in the line of the caret: more, fewer, add, remove. */
  async changes(): Promise<{ kind: string; title: string; edits: Edit[] }[]> {
    const version = this.version;
    const range = { start: this.caret, end: this.caret };
    const params = { textDocument: { uri: this.uri }, range, context: { diagnostics: [], only: ["refactor"] } };
    const actions = await this.client.request<any[]>("textDocument/codeAction", params).catch(() => []);
    if (version !== this.version) return [];
    return actions.map((each) => ({ kind: each.kind.split(".").pop(), title: each.title, edits: each.edit.changes[this.uri] ?? [] }));
  }

  // ---- colours and types

  /** Asks for the colours and the types of the newest text; one question at a time. */
  private async decorate(): Promise<void> {
    if (this.decorating) return;
    this.decorating = true;
    let version = -1;
    while (version !== this.version && this.client.connected) {
      version = this.version;
      const textDocument = { uri: this.uri };
      const whole = { start: { line: 0, character: 0 }, end: { line: this.view.state.doc.lines, character: 0 } };
      const [tokens, hints] = await Promise.all([
        this.client.request("textDocument/semanticTokens/full", { textDocument }).catch(() => undefined),
        this.client.request("textDocument/inlayHint", { textDocument, range: whole }).catch(() => undefined),
      ]);
      if (version !== this.version) continue;
      const doc = this.view.state.doc;
      const effects = [];
      if (tokens) effects.push(colours.of(this.coloured(doc, tokens.data)));
      if (hints) {
        const widgets = hints.map((hint: { position: Position; label: string }) =>
          Decoration.widget({ widget: new TypeWidget(hint.label), side: 1 }).range(offset(doc, hint.position)),
        );
        effects.push(types.of(Decoration.set(widgets, true)));
      }
      this.view.dispatch({ effects });
    }
    this.decorating = false;
  }

  private coloured(doc: Text, data: number[]): DecorationSet {
    const marks = [];
    let line = 0;
    let character = 0;
    for (let at = 0; at + 4 < data.length; at += 5) {
      const [lines, characters, length, kind] = data.slice(at, at + 4) as [number, number, number, number];
      character = lines > 0 ? characters : character + characters;
      line += lines;
      const from = offset(doc, { line, character });
      const to = offset(doc, { line, character: character + length });
      if (to > from) marks.push(Decoration.mark({ class: `t-${this.kinds[kind]}` }).range(from, to));
    }
    return Decoration.set(marks, true);
  }

  // ---- questions at a place

  private at(place: number): { textDocument: { uri: string }; position: Position } {
    return { textDocument: { uri: this.uri }, position: position(this.view.state.doc, place) };
  }

  private async complete(context: CompletionContext): Promise<CompletionResult | null> {
    const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*/u);
    if (word === null && !context.explicit && context.matchBefore(/[>(,=.]\s?|\s/) === null) return null;
    const found = await this.client.request("textDocument/completion", this.at(context.pos)).catch(() => null);
    if (found === null || context.aborted || found.items.length === 0) return null;
    if (word === null && !context.explicit && found.items.length > 60) return null; // as good as everything
    const icons: Record<number, string> = { 3: "function", 6: "variable", 7: "class", 10: "property", 14: "keyword" };
    return {
      from: word?.from ?? context.pos,
      options: found.items.map((item: any) => ({
        label: item.label,
        detail: item.detail,
        apply: item.insertText ?? item.label,
        type: icons[item.kind] ?? "enum",
        sortText: item.sortText,
        info: async () => {
          const full = await this.client.request("completionItem/resolve", item).catch(() => null);
          return full?.documentation ? markdown(full.documentation.value) : null;
        },
      })),
      validFor: /^[\p{L}_][\p{L}\p{N}_]*$/u,
    };
  }

  private async hover(at: number) {
    const found = await this.client.request("textDocument/hover", this.at(at)).catch(() => null);
    if (found === null) return null;
    const doc = this.view.state.doc;
    const [pos, end] = [offset(doc, found.range.start), offset(doc, found.range.end)];
    return { pos, end, above: true, create: () => ({ dom: markdown(found.contents.value) }) };
  }

  async format(): Promise<void> {
    const version = this.version;
    const edits = await this.client.request("textDocument/formatting", this.at(0)).catch(this.hooks.failed);
    if (edits && version === this.version) this.apply(edits);
  }

  async rename(): Promise<void> {
    const here = this.here;
    try {
      const found = await this.client.request("textDocument/prepareRename", here);
      if (found === null) return;
      const newName = await this.hooks.ask("rename", found.placeholder);
      if (newName === undefined) return;
      const made = await this.client.request("textDocument/rename", { ...here, newName });
      this.apply(made.changes[this.uri] ?? []);
    } catch (error) {
      this.hooks.failed(error);
    }
    this.view.focus();
  }

  private async definition(at = this.view.state.selection.main.head): Promise<void> {
    const [found] = (await this.client.request("textDocument/definition", this.at(at)).catch(() => null)) ?? [];
    if (found?.uri === this.uri) this.goTo(found.range.start);
    else if (found !== undefined) this.hooks.elsewhere(found.uri, found.range.start);
  }
}

const same = (a: Range, b: Range): boolean =>
  a.start.line === b.start.line && a.start.character === b.start.character && a.end.line === b.end.line;
