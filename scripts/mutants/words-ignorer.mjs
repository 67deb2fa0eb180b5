// An ignorer for Stryker's instrumenter: leaves alone what is only told and never decided. Words of messages and paths of problems
// may be changed without the engine meaning anything else.

const REASON = 'only words';
/** Places of message and path among the arguments of the calls that report. */
const TOLD_ARGUMENTS = new Map([
  ['add', [1, 2]],
  ['limit', [0, 1]],
  ['report', [2]],
]);
/** Variables and functions that hold or make parts of messages. */
const TOLD_VARIABLES = new Set([
  'message',
  'names',
  'allowed',
  'detail',
  'because',
  'outcome',
  'relation',
  'what',
]);
const TELLING_FUNCTIONS = /(^|[a-z])Message$|^#?message$|^(kindName|onOrOff|messageOf)$/;

export const wordsIgnorer = {
  shouldIgnore(path) {
    const { node, parent } = path;
    const told =
      isProse(node) ||
      isProblemPath(node) ||
      (node.type === 'ConditionalExpression' && isProse(node.consequent) + isProse(node.alternate) > 0) ||
      isToldArgument(node, parent) ||
      (node.type === 'VariableDeclarator' && TOLD_VARIABLES.has(node.id.name)) ||
      isTellingFunction(node);
    return told ? REASON : undefined;
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

function isToldArgument(node, parent) {
  if (parent?.type !== 'CallExpression' || parent.callee.type !== 'MemberExpression') return false;
  return TOLD_ARGUMENTS.get(parent.callee.property.name)?.includes(parent.arguments.indexOf(node)) === true;
}

function isTellingFunction(node) {
  const name = node.type === 'FunctionDeclaration' ? node.id?.name : (node.key?.id?.name ?? node.key?.name);
  const isFunction = /^(FunctionDeclaration|ClassMethod|ClassPrivateMethod)$/.test(node.type);
  return isFunction && TELLING_FUNCTIONS.test(name ?? '');
}
