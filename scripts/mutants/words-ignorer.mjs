// An ignorer for Stryker's instrumenter: leaves alone what decides nothing. Words of messages and paths of
// problems may be changed without the engine meaning anything else, and behind a reported problem nothing counts
// any more, since the entity is refused.

/** Places of message and path among the arguments of the calls that report, by method or function. */
const TOLD_ARGUMENTS = new Map([
  ['add', [1, 2]],
  ['limit', [0, 1]],
  ['report', [2]],
  ['lookUp', [2]],
]);
/** Variables and functions that hold or make parts of messages. */
const TOLD_VARIABLES = new Set(['message', 'allowed', 'detail', 'because', 'outcome']);
const TELLING_FUNCTIONS = /(^|[a-z])Message$|^#?message$|^(kindName|onOrOff|messageOf)$/;

export const wordsIgnorer = {
  shouldIgnore(path) {
    const { node, parent } = path;
    const told =
      isProse(node) ||
      isProblemPath(node) ||
      isEnumeration(node) ||
      (node.type === 'ConditionalExpression' && (isProse(node.consequent) || isProse(node.alternate))) ||
      isToldArgument(node, parent) ||
      (node.type === 'VariableDeclarator' && TOLD_VARIABLES.has(node.id.name)) ||
      isTellingFunction(node);
    if (told) return 'only words';
    return node.type === 'BooleanLiteral' && isBehindProblem(path) ? 'behind a problem' : undefined;
  },
};

/** Text with at least one word beside a space. */
function isProse(node) {
  const text = staticText(node);
  return text !== undefined && /[A-Za-z]/.test(text) && text.includes(' ');
}

function staticText(node) {
  if (node.type === 'StringLiteral') return node.value;
  if (node.type === 'TemplateLiteral') return node.quasis.map(({ value }) => value.raw).join('');
  return undefined;
}

/** `${path}.values[${index}]` */
function isProblemPath(node) {
  if (node.type !== 'TemplateLiteral' || node.quasis[0].value.raw !== '') return false;
  const [first] = node.expressions;
  const name = first?.type === 'MemberExpression' ? first.property.name : first?.name;
  return /^path$|Path$/.test(name ?? '');
}

/** names.join(', ') */
function isEnumeration(node) {
  return calledName(node) === 'join' && node.arguments[0]?.value === ', ';
}

function isToldArgument(node, parent) {
  return TOLD_ARGUMENTS.get(calledName(parent))?.includes(parent.arguments.indexOf(node)) === true;
}

function calledName(node) {
  if (node?.type !== 'CallExpression') return undefined;
  return node.callee.type === 'MemberExpression' ? node.callee.property.name : node.callee.name;
}

/** In the statement that follows problems.add(...). */
function isBehindProblem(path) {
  const statement = path.getStatementParent();
  return calledName(statement?.getPrevSibling().node?.expression) === 'add';
}

function isTellingFunction(node) {
  const name = node.type === 'FunctionDeclaration' ? node.id?.name : (node.key?.id?.name ?? node.key?.name);
  const isFunction = /^(FunctionDeclaration|ClassMethod|ClassPrivateMethod)$/.test(node.type);
  return isFunction && TELLING_FUNCTIONS.test(name ?? '');
}
