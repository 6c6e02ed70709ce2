// What the search shows first: pages that answer a question, before those that explain how mailbot is built.
var Scorer = {
  score: ([docname, , anchor, , score]) => {
    const first = [/^how-to\/|^no-answer$|^for-teams$/, 12], last = [/^(decisions|architecture|performance|index|reference\/json)$/, -6];
    const [, more] = [first, last].find(([names]) => names.test(docname)) || [null, 0];
    return score + more;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: {0: 15, 1: 5, 2: -5},
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
