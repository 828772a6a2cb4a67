// Sorting of tables and enlarging of figures. Everything else on the page works without this.
'use strict';

const ratioOf = text => /([−+-]?\d+(?:\.\d+)?)x/.exec(text) ?? /([−+-]?\d+(?:\.\d+)?)/.exec(text);

function keyOf(row, column) {
  const cell = (row.cells[column] ?? row).cloneNode(true);  // a cell over several columns has none behind it
  for (const note of cell.querySelectorAll('sup')) note.remove();
  const text = cell.textContent.trim();
  const number = ratioOf(text);
  return number ? Number(number[1].replace('−', '-')) : text;
}

function compare(one, other) {
  if (typeof one === typeof other) return one < other ? -1 : Number(one > other);
  return typeof one === 'number' ? -1 : 1;  // what has no number comes last
}

function sortBy(table, header) {
  const falling = header.getAttribute('aria-sort') === 'ascending';
  const column = header.cellIndex;
  const rows = [...table.tBodies[0].rows].sort((one, other) => compare(keyOf(one, column), keyOf(other, column)));
  for (const each of table.tHead.rows[0].cells) each.removeAttribute('aria-sort');
  header.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
  table.tBodies[0].append(...(falling ? rows.reverse() : rows));
}

function button(label, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.append(label);
  made.addEventListener('click', act);
  return made;
}

for (const table of document.querySelectorAll('table.contents, table.forest, table.overview')) {
  for (const header of table.tHead.rows[0].cells) {
    if (header.classList.contains('drawn')) continue;  // a scale: the numbers beside it sort
    const sort = button('', () => sortBy(table, header));
    sort.className = 'sort';
    sort.append(...header.childNodes);
    header.append(sort);
  }
}

for (const figure of document.querySelectorAll('figure')) {
  const title = figure.querySelector('svg title')?.textContent ?? 'figure';
  const zoom = button('enlarge', () => {
    const large = figure.classList.toggle('large');
    zoom.textContent = large ? 'reduce' : 'enlarge';
    zoom.setAttribute('aria-label', `${zoom.textContent}: ${title}`);
  });
  zoom.className = 'zoom';
  zoom.setAttribute('aria-label', `enlarge: ${title}`);
  figure.querySelector('figcaption')?.append(' ', zoom);
}
