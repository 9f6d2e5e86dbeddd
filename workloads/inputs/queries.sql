-- queries.sql -- tables, an index, joins, groups, a recursive query, text functions. make.sh sets the number of rows.
create table item (id integer primary key, name text, price integer, kind integer);
create table kind (id integer primary key, name text);
insert into kind values (0, 'tool'), (1, 'book'), (2, 'food'), (3, 'toy'), (4, 'lamp');
with recursive row (n, state) as (
    select 1, 7 union all select n + 1, (state * 1103 + 12345) % 65536 from row where n < ROWS)
insert into item select n, 'item ' || state, state % 977, state % 5 from row;
create index by_price on item (price);
select kind.name, count(*), sum(price), min(price), max(price) from item join kind on kind.id = kind
    group by kind.id order by 3 desc;
select count(*) from item a join item b on a.price = b.price and a.id < b.id;
select name, price from item where name like 'item %7' and price between 100 and 200 order by price, name limit 5;
update item set price = price + 1 where kind = 2;
delete from item where price % 3 = 0;
select count(*), total(price), upper(substr(max(name), 1, 6)) from item;
with recursive fibonacci (a, b) as (values (1, 1) union all select b, a + b from fibonacci where b < 1000000000)
select max(b), count(*) from fibonacci;
select avg(price) > 300, length(group_concat(name, ',')) from item where kind in (1, 3);
