-- bench.lua N -- tables, strings, closures, and metatables; integers throughout but for one division.
local n = tonumber(arg[1])

local Point = {}
Point.__index = Point
Point.__add = function(a, b) return setmetatable({x = a.x + b.x, y = a.y + b.y}, Point) end

local function sieve(limit)
    local composite, count = {}, 0
    for i = 2, limit do
        if not composite[i] then
            count = count + 1
            for j = i * i, limit, i do composite[j] = true end
        end
    end
    return count
end

local function words(count)
    local seen, list, state = {}, {}, 12345
    for i = 1, count do
        state = (state * 1103515245 + 12345) & 0x7fffffff
        local word = string.format("w%x", state >> 20)
        if not seen[word] then list[#list + 1] = word end
        seen[word] = (seen[word] or 0) + 1
    end
    table.sort(list, function(a, b) return seen[a] > seen[b] or (seen[a] == seen[b] and a < b) end)
    return table.concat(list, ",", 1, math.min(#list, 5))
end

local function fibonacci(k) return k < 2 and k or fibonacci(k - 1) + fibonacci(k - 2) end

local sum = setmetatable({x = 0, y = 0}, Point)
for i = 1, n * 20 do sum = sum + setmetatable({x = i, y = -i}, Point) end
print(sieve(n * 100), words(n * 20), fibonacci(12 + #tostring(n)), sum.x, sum.y)
print((("abc def ghi "):rep(n // 10 + 1):gsub("%w+", function(w) return w:upper():reverse() end)):sub(1, 40))
print(string.format("%.3f", sum.x / 7))
