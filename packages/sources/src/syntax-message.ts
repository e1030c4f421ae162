import type { YAMLError } from 'yaml';

/**
 * What was found and what was wanted, for each syntax error that the YAML reader tells apart. Its own words are kept where they say more.
 */
const MESSAGES: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  ALIAS_PROPS: 'found an alias with an anchor or tag of its own, wanted the alias alone',
  BAD_ALIAS: 'found an alias without a sound name, wanted "*" and the name of an anchor',
  BAD_DIRECTIVE: 'found an unknown directive, wanted %YAML or %TAG',
  BAD_DQ_ESCAPE: 'found an unknown escape after "\\", wanted one that YAML has, or single quotes around the text',
  BAD_SCALAR_START: 'found a sign that cannot begin a value, wanted quotes around the text',
  BLOCK_AS_IMPLICIT_KEY: 'found a second ": " in one line, wanted the value on a line of its own or in quotes',
  BLOCK_IN_FLOW: 'found an indented block inside brackets, wanted the closing bracket or flow style',
  DUPLICATE_KEY: 'found a key for the second time in one mapping, wanted each key once',
  KEY_OVER_1024_CHARS: 'found a key of more than 1024 characters, wanted a shorter one',
  MULTILINE_IMPLICIT_KEY: 'found a key over several lines, wanted it on one line or in quotes',
  MULTIPLE_ANCHORS: 'found two anchors on one value, wanted one',
  MULTIPLE_TAGS: 'found two tags on one value, wanted one',
  NON_STRING_KEY: 'found a key that is no text, wanted text',
  RESOURCE_EXHAUSTION: 'found deeper nesting than can be read, wanted less',
  TAB_AS_INDENT: 'found a tab as indentation, wanted spaces',
  TAG_RESOLVE_FAILED: 'found a tag that configuration does not have, wanted a plain value',
};

/** One sentence for a syntax error of the YAML reader. */
export function syntaxMessage(error: YAMLError): string {
  if (error.message.startsWith('Implicit map keys need to be followed')) {
    return 'found text without ":" where a mapping goes on, wanted "key: value"';
  }
  const known = MESSAGES[error.code];
  if (known !== undefined) return known;
  // The reader appends a code frame of its own after a colon; the first line is the sentence.
  const [sentence = 'found something that is not YAML'] = error.message.split('\n');
  const plain = sentence.replace(/ at line \d+, column \d+:?$/, '').replace(/\.$/, '');
  return `found broken YAML: ${plain.charAt(0).toLowerCase()}${plain.slice(1)}`;
}
