// The client of `netspec lsp`, the figure beside the text, and the pages of messages.

import * as vscode from "vscode";
import { LanguageClient, type ServerOptions } from "vscode-languageclient/node";

interface Figure {
  net: string;
  svg: string;
  layers: { path: string; range: { start: { line: number; character: number } } }[];
}

let client: LanguageClient | undefined;
let panel: vscode.WebviewPanel | undefined;
let shown: vscode.TextDocument | undefined;
let latest = 0;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("netspec.showFigure", showFigure),
    vscode.commands.registerCommand("netspec.restart", async () => {
      await client?.stop();
      await start();
    }),
    vscode.workspace.registerTextDocumentContentProvider("netspec", { provideTextDocumentContent: explain }),
    vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document === shown) void draw();
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function start(): Promise<void> {
  const [command, ...args] = vscode.workspace.getConfiguration("netspec").get<string[]>("command", ["netspec", "lsp"]);
  if (command === undefined) return;
  const server: ServerOptions = { command, args };
  client = new LanguageClient("netspec", "netspec", server, {
    documentSelector: [
      { scheme: "file", language: "netspec" },
      { scheme: "untitled", language: "netspec" },
    ],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.net") },
    initializationOptions: { codes: "netspec:{code}" },
  });
  try {
    await client.start();
  } catch (error) {
    const text = `netspec: \`${command}\` cannot be started. Install it (pip install netspec) or set netspec.command. ${error}`;
    void vscode.window.showErrorMessage(text);
  }
}

async function explain(uri: vscode.Uri): Promise<string> {
  const page = await client?.sendRequest<{ text: string }>("netspec/explain", { code: uri.path });
  return page?.text ?? "";
}

async function showFigure(): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "netspec") return;
  shown = editor.document;
  if (panel === undefined) {
    const options = { enableScripts: true, retainContextWhenHidden: true };
    panel = vscode.window.createWebviewPanel("netspec", "netspec", { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, options);
    panel.onDidDispose(() => (panel = shown = undefined));
    panel.webview.onDidReceiveMessage(goTo);
  }
  await draw();
}

let places = new Map<string, { line: number; character: number }>();

/** Draws the net at the cursor; an answer that comes after a newer question is dropped. */
async function draw(): Promise<void> {
  const document = shown;
  if (document === undefined || panel === undefined || client === undefined) return;
  const question = ++latest;
  const editor = vscode.window.visibleTextEditors.find((each) => each.document === document);
  const params = { textDocument: { uri: document.uri.toString() }, position: editor?.selection.active ?? { line: 0, character: 0 } };
  try {
    const figure = await client.sendRequest<Figure>("netspec/figure", params);
    if (question !== latest || panel === undefined) return;
    places = new Map(figure.layers.map((layer) => [layer.path, layer.range.start]));
    panel.title = figure.net;
    panel.webview.html = page(figure.svg);
  } catch {
    // the text has no figure yet; the mistakes stand in the editor, and the last figure stays
  }
}

/** Moves the cursor to the line of the part of the figure that was clicked. */
async function goTo(path: string): Promise<void> {
  const place = places.get(path);
  if (place === undefined || shown === undefined) return;
  const at = new vscode.Position(place.line, place.character);
  await vscode.window.showTextDocument(shown, { viewColumn: vscode.ViewColumn.One, selection: new vscode.Range(at, at) });
}

function page(svg: string): string {
  const nonce = Array.from({ length: 32 }, () => Math.floor(Math.random() * 36).toString(36)).join("");
  return `<!doctype html>
<html>
<head>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'">
<style>body { background: white } svg { max-width: 100%; height: auto } [data-layer] { cursor: pointer }</style>
</head>
<body>${svg}
<script nonce="${nonce}">
  const editor = acquireVsCodeApi();
  document.addEventListener("click", (event) => {
    const part = event.target.closest("[data-layer]");
    if (part) editor.postMessage(part.dataset.layer);
  });
</script>
</body>
</html>`;
}
