// What the page itself says, in English and Korean. All that is about specs comes from the engine.

export type Language = "en" | "ko";

const WORDS = {
  open: ["Open", "열기"],
  openTitle: ["Open a spec", "명세 열기"],
  save: ["Save", "저장"],
  saveAs: ["Save as", "다른 이름으로 저장"],
  saved: ["Saved", "저장했습니다"],
  savedHere: ["Saved in this browser", "이 브라우저에 저장했습니다"],
  fromDisk: ["From this computer…", "이 컴퓨터에서…"],
  loading: [
    "netspec is loading; you can write already.",
    "netspec을 불러오는 중입니다. 글은 벌써 쓸 수 있습니다.",
  ],
  download: ["Download", "내려받기"],
  link: ["Copy link", "링크 복사"],
  linked: ["The link has the whole text", "링크에 글 전체가 들어 있습니다"],
  format: ["Format", "정리"],
  undo: ["Undo", "되돌리기"],
  language: ["Language", "언어"],
  light: ["Light", "밝게"],
  dark: ["Dark", "어둡게"],
  system: ["As the system", "시스템 설정대로"],
  colours: ["Colours of the page", "페이지의 색"],
  text: ["Text of the spec", "명세의 글"],
  figure: ["Figure", "그림"],
  table: ["Table", "표"],
  source: ["PyTorch", "PyTorch"],
  explain: ["Messages", "메시지"],
  training: ["Training", "학습"],
  train: ["Train", "학습 시작"],
  stop: ["Stop", "멈추기"],
  goOn: ["Go on", "이어서"],
  run: ["Run", "실행"],
  weights: ["weights in the figure", "그림에 가중치"],
  epoch: ["epoch", "에포크"],
  validation: ["validation", "검증"],
  rate: ["examples a second", "예/초"],
  starting: ["starts", "시작하는 중"],
  running: ["runs", "학습 중"],
  finished: ["has finished", "끝났습니다"],
  stopped: ["has stopped", "멈췄습니다"],
  diverged: ["has diverged", "발산했습니다"],
  failed: ["has failed", "실패했습니다"],
  net: ["Net", "신경망"],
  view: ["View", "보기"],
  theme: ["Theme", "테마"],
  depth: ["Depth", "깊이"],
  size: ["Size", "크기"],
  fit: ["Fit", "맞춤"],
  auto: ["automatic", "자동"],
  atCaret: ["at the caret", "커서 자리"],
  equations: ["Equations", "식"],
  problems: ["Mistakes", "오류"],
  none: ["No mistakes", "오류 없음"],
  line: ["line", "줄"],
  why: ["Explain", "설명"],
  folder: ["Folder", "폴더"],
  examples: ["Examples", "예제"],
  filter: ["Filter", "거르기"],
  noFiles: ["Nothing fits", "맞는 것이 없습니다"],
  new: ["New", "새로 만들기"],
  name: ["Name of the file", "파일 이름"],
  rename: ["New name", "새 이름"],
  ok: ["OK", "확인"],
  cancel: ["Cancel", "취소"],
  discard: ["The text has changes that are not saved. Leave them?", "저장하지 않은 변경이 있습니다. 버릴까요?"],
  overwrite: ["Write over it", "덮어쓰기"],
  reload: ["Open again", "다시 열기"],
  connecting: ["Connecting…", "연결하는 중…"],
  gone: [
    "The server does not answer. Your text is kept here; the page connects again by itself.",
    "서버가 답하지 않습니다. 글은 여기에 남아 있고, 페이지가 스스로 다시 연결합니다.",
  ],
  slow: [
    "The engine took too long for this text and was ended. It starts again once you change the text.",
    "엔진이 이 글에 너무 오래 걸려 끝냈습니다. 글을 고치면 다시 시작합니다.",
  ],
  full: ["Too many tabs are open. Close one, then reload.", "탭이 너무 많이 열려 있습니다. 하나를 닫고 새로 고치세요."],
  more: ["One more", "하나 더"],
  fewer: ["One fewer", "하나 덜"],
  addLayer: ["Add layer", "층 더하기"],
  removeLayer: ["Remove layer", "층 지우기"],
  nothing: ["There is no figure yet", "아직 그림이 없습니다"],
  untitled: ["untitled", "이름 없음"],
  split: ["Width of the text", "글의 너비"],
  pick: ["Choose a message at the left to read its page.", "왼쪽에서 메시지를 고르면 그 설명이 나옵니다."],
} as const;

export type Word = keyof typeof WORDS;

let language: Language = "en";

export const spoken = (): Language => language;

export function speak(chosen: Language): void {
  language = chosen;
  document.documentElement.lang = chosen;
}

export const say = (word: Word): string => WORDS[word][language === "ko" ? 1 : 0];
