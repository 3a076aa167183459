"""Korean text -> words that a reader would type: a noun with its particle is found by the noun alone.

Sphinx brings no Korean; without this, 퍼셉트론은 and 퍼셉트론을 would be two words, and 층 would not be found in 층의.
"""

from __future__ import annotations

import re

from sphinx.search import SearchLanguage

# what may stand behind a noun
PARTICLES = (
    "이라고는 으로부터 에서부터 이라는 이라고 으로는 으로도 에서는 에게서 까지는 부터는 처럼은 이지만 이므로 이라면 "
    "입니다 라고 라는 으로 에서 에게 에는 에도 와의 과의 까지 부터 처럼 보다 마다 조차 이나 이란 이며 이고 이면 이다 "
    "들은 들의 들을 들이 들 은 는 이 가 을 를 과 와 의 에 도 로 만 란 나"
).split()
_LONG = "|".join(particle for particle in PARTICLES if len(particle) > 1)
_ANY = "|".join(PARTICLES)
# the shortest stem, so the longest particle; one syllable is a stem only before a particle that is surely one
_PATTERN = f"^(?:([가-힣])(?:{_LONG})|([가-힣A-Za-z0-9]*?[가-힣A-Za-z0-9][가-힣])(?:{_ANY}))$"
_PARTICLE = re.compile(_PATTERN)

# taken off again and again: a noun that ends like a particle (정확도) must meet itself with one behind it (정확도가)
STEMMER = f"""
var Stemmer = function () {{
  var particle = /{_PATTERN}/;
  this.stemWord = function (word) {{
    for (var found = particle.exec(word); found; found = particle.exec(word)) word = found[1] || found[2];
    return word;
  }};
}};
"""


class SearchKorean(SearchLanguage):
    """Words are what stands between signs; particles are taken off, in the index and in what is asked for."""

    lang = "ko"
    language_name = "Korean"
    js_stemmer_code = STEMMER
    stopwords = frozenset()

    def stem(self, word: str) -> str:
        stem = word.lower()
        while found := _PARTICLE.match(stem):
            stem = found[1] or found[2]
        return stem
