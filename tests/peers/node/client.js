// An application on node-smpp. Commands come in as JSON lines, what happens goes out as JSON lines.
//   node client.js PORT PASSWORD
//   in:  {"op": "submit", "number": 1, "to": "7778...", "text": "...", "receipt": true} | {"op": "close"}
//   out: bound | submitted | deliver | closed | error
'use strict';

const readline = require('readline');
const smpp = require('smpp');

const [port, password] = process.argv.slice(2);
const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n');
const ADDRESSES = { source_addr_ton: 0, source_addr_npi: 0, dest_addr_ton: 1, dest_addr_npi: 1 };
let reference = 0;

const session = smpp.connect({ url: `smpp://127.0.0.1:${port}`, auto_enquire_link_period: 1000 }, () => {
  session.bind_transceiver({ system_id: 'app1', password }, (pdu) => {
    tell({ event: 'bound', status: pdu.command_status });
    if (pdu.command_status !== 0) session.close();
  });
});
session.on('error', (error) => tell({ event: 'error', text: String(error) }));
session.on('close', () => {
  tell({ event: 'closed' });
  process.exit(0);
});
session.on('unbind', (pdu) => {
  session.send(pdu.response());
  session.close();
});
session.on('deliver_sm', (pdu) => {
  session.send(pdu.response());
  const body = pdu.short_message;
  tell({
    event: 'deliver',
    source: pdu.source_addr,
    destination: pdu.destination_addr,
    esm_class: pdu.esm_class,
    text: body.message,
    concat: (body.udh || []).map((each) => [...each]).find((each) => each[0] === 0 || each[0] === 8) || null,
    receipted: pdu.receipted_message_id || null,
    state: pdu.message_state === undefined ? null : pdu.message_state,
  });
});

function pieces(text) {
  const unicode = smpp.encodings.detect(text) === 'UCS2';
  const [whole, part] = unicode ? [70, 67] : [160, 153];
  if (text.length <= whole) return [text];
  reference += 1;
  const texts = [];
  for (let at = 0; at < text.length; at += part) texts.push(text.slice(at, at + part));
  return texts.map((message, index) => ({
    udh: Buffer.from([5, 0, 3, reference, texts.length, index + 1]),
    message,
  }));
}

function submit(order) {
  const ids = [];
  const all = pieces(order.text);
  const unicode = smpp.encodings.detect(order.text) === 'UCS2';
  for (const short_message of all) {
    const fields = {
      ...ADDRESSES,
      source_addr: '1234',
      destination_addr: order.to,
      data_coding: unicode ? 8 : 0,
      registered_delivery: order.receipt ? 1 : 0,
      short_message,
    };
    session.submit_sm(fields, (pdu) => {
      ids.push(pdu.message_id);
      if (ids.length === all.length) {
        tell({ event: 'submitted', number: order.number, status: pdu.command_status, ids });
      }
    });
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line);
  if (order.op === 'submit') submit(order);
  else session.unbind({}, () => session.close());
});
