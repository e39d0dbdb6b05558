module.exports = class { id() { return 'mock'; }
  async callApi(prompt, context) {
    const c = context.vars.country;
    if (c === 'Spain') return { error: 'upstream broke' };
    const a = { France: 'Paris', Germany: 'Berlin', Italy: 'Rome', Peru: 'The capital is Lima', Nowhere: 'There is no such country' }[c];
    return { output: a, tokenUsage: { total: 12, prompt: 10, completion: 2 }, cost: 0.0001 };
  } };
