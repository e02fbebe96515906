// One scenario with MQTT.js; prints what it saw as JSON.
// usage: node mqttjs.js SCENARIO PORT-OR-URL VERSION TOPIC
'use strict';
const mqtt = require('mqtt');

const [scenario, where, version, topic] = process.argv.slice(2);
const url = where.includes(':') ? where : `mqtt://127.0.0.1:${where}`;
const protocolVersion = Number(version);

function options(more) {
  const chosen = { protocolVersion, reconnectPeriod: 0, ...more };
  if (protocolVersion === 3) chosen.protocolId = 'MQIsdp';
  return chosen;
}

// A connected client; `messages` collects what it gets, `received(count)` is
// fulfilled once there are that many.
function connect(more = {}) {
  return new Promise((resolve, reject) => {
    const client = mqtt.connect(url, options(more));
    const waiting = [];
    client.messages = [];
    client.received = (count) => new Promise((done) => {
      waiting.push([count, done]);
      notify();
    });
    function notify() {
      for (const [count, done] of waiting) {
        if (client.messages.length >= count) done(client.messages);
      }
    }
    client.on('message', (name, payload, packet) => {
      client.messages.push({ name, payload: payload.toString(), packet });
      notify();
    });
    client.once('connect', () => resolve(client));
    client.once('error', reject);
  });
}

// What a durable session asks for in this version.
function durable(clientId) {
  return {
    clientId,
    clean: false,
    ...(protocolVersion === 5
      ? { properties: { sessionExpiryInterval: 600 } } : {}),
  };
}

const scenarios = {
  async messages() {
    const receiver = await connect();
    const sender = await connect();
    for (const qos of [0, 1, 2]) {
      await receiver.subscribeAsync(`${topic}/${qos}/#`, { qos });
      for (let number = 0; number < 50; number += 1) {
        await sender.publishAsync(`${topic}/${qos}/x`, String(number), { qos });
      }
      await receiver.received(50 * (qos + 1));
    }
    return receiver.messages.map(
      ({ name, payload, packet }) => [name, payload, packet.qos]);
  },

  async large() {
    const receiver = await connect();
    await receiver.subscribeAsync(topic, { qos: 2 });
    const sender = await connect();
    for (const qos of [0, 1, 2]) {
      const payload = String(qos).repeat(4 * 1024 * 1024);
      await sender.publishAsync(topic, payload, { qos });
    }
    const messages = await receiver.received(3);
    return messages.map(({ payload, packet }) => [
      payload.length, payload === payload[0].repeat(payload.length),
      payload[0], packet.qos]);
  },

  // Twenty at a time: MQTT.js does not mind the broker's receive maximum.
  async many() {
    const receiver = await connect();
    await receiver.subscribeAsync(topic, { qos: 2 });
    const sender = await connect();
    for (const qos of [0, 1, 2]) {
      for (let start = 0; start < 1000; start += 20) {
        const sent = [];
        for (let number = start; number < start + 20; number += 1) {
          sent.push(sender.publishAsync(topic, `${qos} ${number}`, { qos }));
        }
        await Promise.all(sent);
      }
      await receiver.received(1000 * (qos + 1));
    }
    return receiver.messages.map(({ payload }) => payload);
  },

  async refused() {
    try {
      await connect();
      return 'connected';
    } catch (problem) {
      return problem.message;
    }
  },

  async retained() {
    const sender = await connect();
    const name = `${topic}/r`;
    await sender.publishAsync(name, 'kept', { qos: 1, retain: true });
    const first = await connect();
    await first.subscribeAsync(`${topic}/+`, { qos: 1 });
    const [got] = await first.received(1);
    await sender.publishAsync(name, '', { qos: 1, retain: true });
    const after = await connect();
    await after.subscribeAsync(`${topic}/+`, { qos: 1 });
    await sender.publishAsync(`${topic}/end`, 'end', { qos: 1 });
    const [next] = await after.received(1);
    return { first: [got.payload, got.packet.retain], after: next.payload };
  },

  async will() {
    const watcher = await connect();
    await watcher.subscribeAsync(topic, { qos: 2 });
    const dying = await connect(
      { will: { topic, payload: Buffer.from('gone'), qos: 1 } });
    dying.stream.destroy();
    const [got] = await watcher.received(1);
    return [got.payload, got.packet.qos];
  },

  async durable() {
    const clientId = topic.slice(-20);
    const first = await connect(durable(clientId));
    await first.subscribeAsync(topic, { qos: 2 });
    await first.endAsync();
    const sender = await connect();
    for (let number = 0; number < 20; number += 1) {
      await sender.publishAsync(topic, String(number), { qos: 2 });
    }
    const again = await connect(durable(clientId));
    const messages = await again.received(20);
    return messages.map(({ payload }) => payload);
  },

  async properties() {
    const receiver = await connect();
    await receiver.subscribeAsync(
      topic, { qos: 1, properties: { subscriptionIdentifier: 7 } });
    const sender = await connect();
    await sender.publishAsync(topic, 'x', {
      qos: 1,
      properties: {
        contentType: 'text/plain',
        responseTopic: 'answer',
        userProperties: { a: ['1', '2'], b: '3' },
      },
    });
    const [{ packet }] = await receiver.received(1);
    const { contentType, responseTopic, userProperties,
      subscriptionIdentifier } = packet.properties;
    return { contentType, responseTopic, userProperties,
      subscriptionIdentifier };
  },
};

scenarios[scenario]().then((seen) => {
  process.stdout.write(JSON.stringify(seen), () => process.exit(0));
}).catch((problem) => {
  process.stderr.write(`${problem.stack}\n`, () => process.exit(1));
});
