// The editor: CodeMirror with completion of keywords, variables, and the terms of the ontology and the data.
import * as cm from "./vendor/codemirror.js";

const KEYWORDS = ("SELECT DISTINCT WHERE OPTIONAL FILTER UNION MINUS BIND VALUES SERVICE GRAPH FROM NAMED ASK CONSTRUCT DESCRIBE PREFIX BASE LIMIT OFFSET EXISTS IN AS UNDEF DESC ASC").replace("SERVICE ", "").split(" ")
  .concat(["ORDER BY", "GROUP BY", "HAVING", "NOT EXISTS", "NOT IN"]);
const FUNCTIONS = "COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT STR LANG LANGMATCHES DATATYPE BOUND IRI ABS ROUND CEIL FLOOR CONCAT STRLEN UCASE LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY NOW IF COALESCE REGEX REPLACE SUBSTR isIRI isLITERAL isBLANK isNUMERIC".split(" ");
const GROUPS = { mesh: ["condition", "intervention"], country: ["country"], org: ["sponsor"], study: ["study"] };

const colours = cm.HighlightStyle.define([
  { tag: [cm.tags.keyword, cm.tags.operatorKeyword, cm.tags.definitionKeyword, cm.tags.modifier], color: "var(--accent)", fontWeight: "600" },
  { tag: [cm.tags.variableName, cm.tags.special(cm.tags.variableName)], color: "light-dark(#8a3ffc, #c39bff)" },
  { tag: [cm.tags.string, cm.tags.number, cm.tags.bool, cm.tags.literal], color: "var(--good)" },
  { tag: [cm.tags.comment, cm.tags.lineComment], color: "var(--soft)", fontStyle: "italic" },
  { tag: [cm.tags.namespace, cm.tags.typeName, cm.tags.url, cm.tags.propertyName, cm.tags.atom], color: "var(--bad)" },
]);

const theme = cm.EditorView.theme({
  "&": { color: "var(--ink)", fontSize: "13.5px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace", lineHeight: "1.5", minHeight: "260px", maxHeight: "60vh" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--ink)" },
  ".cm-gutters": { background: "transparent", border: "0", color: "var(--soft)" },
  ".cm-activeLine": { background: "light-dark(rgb(0 90 160 / .04), rgb(255 255 255 / .04))" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": { background: "light-dark(#cfe4f5, #24496a) !important" },
  ".cm-tooltip": { background: "var(--panel)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "8px", overflow: "hidden" },
  ".cm-tooltip-autocomplete ul li": { padding: "3px 10px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { marginLeft: "1em", fontStyle: "normal", opacity: ".75", fontFamily: "Inter, system-ui, sans-serif" },
  ".cm-completionInfo": { padding: "8px 12px", maxWidth: "340px", fontFamily: "Inter, system-ui, sans-serif", lineHeight: "1.45" },
  ".cm-panels": { background: "var(--over)", color: "var(--ink)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
});

function withPrefix(data, name) {
  // Insert a term, and the declaration of a prefix that needs one.
  return (view, completion, from, to) => {
    const declared = data.known.includes(name) || new RegExp(`PREFIX\\s+${name}:`, "i").test(view.state.doc.toString());
    const insert = completion.insert ?? completion.label;
    const line = declared || !data.prefixes[name] ? "" : `PREFIX ${name}: <${data.prefixes[name]}>\n`;
    const changes = line ? [{ from: 0, insert: line }, { from, to, insert }] : [{ from, to, insert }];
    view.dispatch({ changes, selection: { anchor: line.length + from + insert.length } });
  };
}

function variables(state) {
  return [...new Set(state.doc.toString().match(/[?$][A-Za-z_]\w*/g) ?? [])];
}

function sources(data, suggest) {
  const terms = data.terms.map((term) => {
    const prefix = term.label.split(":")[0];
    return { label: term.label, detail: term.name, info: term.info || undefined, type: { class: "class", property: "property", code: "constant" }[term.kind], apply: withPrefix(data, prefix), words: `${term.label} ${term.name}`.toLowerCase() };
  });
  const words = [...KEYWORDS.map((label) => ({ label, type: "keyword" })), ...FUNCTIONS.map((label) => ({ label, type: "function", apply: `${label}(` }))];
  const prefixes = Object.keys(data.prefixes).map((name) => ({ label: `${name}:`, type: "namespace", detail: data.prefixes[name] }));

  async function remote(prefix, text, from) {
    const response = await fetch(`${suggest}?q=${encodeURIComponent(text)}`);
    if (!response.ok) return null;
    const items = (await response.json()).filter((item) => GROUPS[prefix].includes(item.group));
    const options = items.map((item) => ({ label: item.label, detail: `${prefix}:${item.key}`, insert: local(prefix, item.key), apply: withPrefix(data, prefix), type: "constant" }));
    return { from, options, filter: false };
  }

  function local(prefix, key) {
    return /^[A-Za-z0-9][\w-]*$/.test(key) ? `${prefix}:${key}` : `<${data.prefixes[prefix]}${encodeURIComponent(key)}>`;
  }

  return async (context) => {
    const variable = context.matchBefore(/[?$]\w*/);
    if (variable) {
      const own = variable.text;
      const options = variables(context.state).filter((name) => name !== own).map((label) => ({ label, type: "variable" }));
      return { from: variable.from, options, validFor: /^[?$]\w*$/ };
    }
    const named = context.matchBefore(/[A-Za-z][\w-]*:[\w.-]*/);
    if (named) {
      const [prefix, name] = named.text.split(":");
      if (GROUPS[prefix]) return name.length > 1 ? remote(prefix, name, named.from) : null;
      const wanted = name.toLowerCase();
      const options = terms.filter((term) => term.label.startsWith(`${prefix}:`) && term.words.includes(wanted));
      return { from: named.from, options, filter: false };
    }
    const word = context.matchBefore(/[A-Za-z_]\w*/);
    if (!word && !context.explicit) return null;
    const wanted = (word?.text ?? "").toLowerCase();
    const byName = wanted.length > 2 ? terms.filter((term) => term.words.includes(wanted)) : [];
    const starts = (option) => option.label.toLowerCase().startsWith(wanted);
    return { from: word?.from ?? context.pos, options: [...words.filter(starts), ...prefixes.filter(starts), ...byName], filter: false };
  };
}

export async function createEditor(area, { run, completions, suggest }) {
  const response = await fetch(completions);
  const data = await response.json();
  const host = document.createElement("div");
  host.className = "editor";
  // In a shadow root the styles of the editor are style sheets of the document, which the policy of the page allows.
  const root = host.attachShadow({ mode: "open" });
  const view = new cm.EditorView({
    root,
    parent: root,
    state: cm.EditorState.create({
      doc: area.value.replace(/^\n/, ""),
      extensions: [
        cm.Prec.highest(cm.keymap.of([{ key: "Mod-Enter", run: () => (run(), true) }, { key: "Ctrl-Enter", run: () => (run(), true) }])),
        cm.lineNumbers(), cm.highlightSpecialChars(), cm.history(), cm.drawSelection(), cm.indentOnInput(), cm.bracketMatching(),
        cm.closeBrackets(), cm.highlightActiveLine(), cm.highlightSelectionMatches(), cm.sparql(), cm.indentUnit.of("  "),
        cm.autocompletion({ override: [sources(data, suggest)], maxRenderedOptions: 60, icons: false }),
        cm.syntaxHighlighting(colours), theme, cm.EditorView.lineWrapping,
        cm.EditorView.contentAttributes.of({ "aria-label": "Query", tabindex: "0" }),
        cm.EditorView.updateListener.of((update) => update.docChanged && (area.value = view.state.doc.toString())),
        cm.keymap.of([...cm.closeBracketsKeymap, ...cm.defaultKeymap, ...cm.searchKeymap, ...cm.historyKeymap, ...cm.completionKeymap, cm.indentWithTab]),
      ],
    }),
  });
  area.hidden = true;
  area.after(host);
  return {
    text: () => view.state.doc.toString(),
    set: (content) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: content } }),
    mark(line, column, message) {
      const found = [];
      if (line && line <= view.state.doc.lines) {
        const at = view.state.doc.line(line);
        const from = Math.min(at.from + column - 1, at.to);
        found.push({ from, to: Math.min(from + 1, view.state.doc.length), severity: "error", message });
      }
      view.dispatch(cm.setDiagnostics(view.state, found));
    },
  };
}
